import { expect, test } from "vitest";

import { parseCapturesSearch } from "./search.ts";

test("the address names day, state and capture, and what makes no sense is left out", () => {
  const id = "00000000-0000-7000-8000-000000000001";

  expect(parseCapturesSearch({ day: "2026-11-22", state: "failed", capture: id })).toEqual({
    day: "2026-11-22",
    state: "failed",
    capture: id,
  });
  expect(parseCapturesSearch({ day: "yesterday", state: "toString", capture: "../x", other: "1" })).toEqual({});
});
