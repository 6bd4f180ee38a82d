import { expect, test } from "vitest";

import { auditQuery, parseAuditSearch, withFilter } from "./filters.ts";

test("filters are read from the address, and what makes no sense is left out", () => {
  const raw = { actor: " h.meier ", action: "", subject: 7, from: "2026-11-22", to: "2026-02-30", other: "x" };

  expect(parseAuditSearch(raw)).toEqual({ actor: "h.meier", from: "2026-11-22" });
});

test("two days are asked for with all their hours", () => {
  expect(auditQuery({ actor: "admin", from: "2026-11-22", to: "2026-11-22" })).toEqual({
    actor: "admin",
    from: new Date(2026, 10, 22).toISOString(),
    to: new Date(2026, 10, 23).toISOString(),
  });
  expect(auditQuery({})).toEqual({});
});

test("a filter that is emptied leaves the address", () => {
  expect(withFilter({ actor: "admin", subject: "scope-1" }, "actor", " ")).toEqual({ subject: "scope-1" });
  expect(withFilter({ subject: "scope-1" }, "actor", "admin")).toEqual({ actor: "admin", subject: "scope-1" });
});
