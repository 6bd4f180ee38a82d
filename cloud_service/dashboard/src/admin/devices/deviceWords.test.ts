import { describe, expect, test } from "vitest";

import type { DeviceCommandView } from "../../api.gen.ts";
import { clock, isToBePaused, order, standing } from "./deviceWords.ts";
import { aDevice } from "./testDevices.ts";

function anOrder(action: DeviceCommandView["action"], state: DeviceCommandView["state"]): DeviceCommandView {
  return {
    id: "00000000-0000-7000-8000-000000000001",
    action,
    state,
    created_by: "admin",
    created_at: "2026-11-22T09:00:00Z",
    attempts: 1,
    sent_at: null,
    settled_at: null,
  };
}

describe("a device", () => {
  test("that is shut out is nothing else, and a paused one is not told to be merely online", () => {
    expect(standing(aDevice()).words).toBe("Online");
    expect(standing(aDevice({ paused: true })).words).toBe("Paused");
    expect(standing(aDevice({ presence: "offline", paused: true })).words).toBe("Offline, paused");
    expect(standing(aDevice({ paused: true, disabled_at: "2026-11-22T09:00:00Z" })).words).toBe("Shut out");
  });

  test("has an order under way until it confirms it", () => {
    expect(order(aDevice({ last_command: anOrder("pause", "waiting") }))?.words).toContain("until the device is online");
    expect(order(aDevice({ last_command: anOrder("pause", "sent") }))?.words).toContain("not confirmed yet");
    expect(order(aDevice({ last_command: anOrder("pause", "confirmed") }))).toBeNull();
    expect(order(aDevice())).toBeNull();
  });

  test("is offered the opposite of what it was told last, confirmed or not", () => {
    expect(isToBePaused(aDevice({ last_command: anOrder("pause", "sent") }))).toBe(true);
    expect(isToBePaused(aDevice({ paused: true, last_command: anOrder("resume", "waiting") }))).toBe(false);
    expect(isToBePaused(aDevice({ paused: true, last_command: anOrder("reload", "sent") }))).toBe(true);
    expect(isToBePaused(aDevice({ paused: true, last_command: anOrder("pause", "confirmed") }))).toBe(true);
    expect(isToBePaused(aDevice({ last_command: anOrder("pause", "replaced") }))).toBe(false);
  });

  test("has a clock that is right, a little off, or wrong", () => {
    expect(clock(null)).toBeNull();
    expect(clock(-0.4)).toEqual({ kind: "good", words: "Right" });
    expect(clock(12)).toEqual({ kind: "good", words: "12 s ahead" });
    expect(clock(-7260)).toEqual({ kind: "trouble", words: "2 h 1 min behind" });
  });
});
