import { expect, test } from "vitest";

import { actionInWords, detailsInWords } from "./auditWords.ts";

test("an action reads as words", () => {
  expect(actionInWords("log-in-refused")).toBe("Log in refused");
});

test("details name what is there, nested or not", () => {
  expect(detailsInWords({ role: "technician", site: null, days: 30, before: { role: "clinician", sites: ["a", "b"] } })).toEqual([
    ["role", "technician"],
    ["days", "30"],
    ["before", "role clinician, sites a, b"],
  ]);
});
