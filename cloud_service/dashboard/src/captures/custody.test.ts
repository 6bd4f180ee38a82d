import { describe, expect, test } from "vitest";

import { latest, trail } from "./custody.ts";

const RECEIVED = { stage: "received", at: "2026-11-22T09:00:02Z" } as const;
const CAPTURED = { stage: "captured", at: "2026-11-22T09:00:00Z" } as const;

describe("a custody trail", () => {
  test("says where a capture is by what happened last, and not by the device's clock", () => {
    const shown = { stage: "acknowledged", at: "2026-11-22T09:00:04Z" } as const;
    const signed = { stage: "signed", at: "2026-11-22T11:00:00Z" } as const;
    const ahead = { stage: "queued", at: "2027-01-01T00:00:00Z" } as const;

    expect(latest([ahead, RECEIVED, shown])).toBe(shown);
    expect(latest([shown, signed, RECEIVED])).toBe(signed);
    expect(latest([CAPTURED, ahead])).toBe(ahead);
    expect(latest([])).toBeNull();
  });

  test("of stages with one time takes the later one", () => {
    const analysed = { stage: "analysed", at: RECEIVED.at } as const;

    expect(latest([analysed, RECEIVED])).toBe(analysed);
  });

  test("shows what is still to come", () => {
    const stages = trail({ state: "stored", custody: [CAPTURED, RECEIVED] });

    expect(stages.map(({ stage }) => stage)).toEqual([
      "captured",
      "queued",
      "received",
      "analysed",
      "reviewed",
      "signed",
      "delivered",
      "acknowledged",
    ]);
    expect(stages.filter(({ at }) => at !== null).map(({ stage }) => stage)).toEqual(["captured", "received"]);
  });

  test("of a refused capture ends where it was refused", () => {
    expect(trail({ state: "refused", custody: [CAPTURED] })).toEqual([CAPTURED]);
  });
});
