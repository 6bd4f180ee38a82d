import type { DeviceCommandView, DeviceSummary } from "../../api.gen.ts";
import { duration } from "../figures.ts";
import type { SignKind } from "../StateSign.tsx";

/** A state with the words for it. */
export interface Standing {
  readonly kind: SignKind;
  readonly words: string;
}

/** From here on, times of capture are no longer to be relied on. */
const CLOCK_IS_WRONG_SECONDS = 60;
/** Some thousand captures fit in here: a day of a busy workstation without a line. */
const LITTLE_ROOM_BYTES = 5e9;

/** Whether a device is there and sends; what it was told but has not confirmed stands in `order`. */
export function standing({ disabled_at, presence, paused }: DeviceSummary): Standing {
  if (disabled_at !== null) {
    return { kind: "off", words: "Shut out" };
  }
  if (presence === "offline") {
    return { kind: "trouble", words: paused ? "Offline, paused" : "Offline" };
  }
  return paused ? { kind: "paused", words: "Paused" } : { kind: "good", words: "Online" };
}

const ORDERS: Record<DeviceCommandView["action"], string> = {
  pause: "Pause",
  resume: "Resume",
  reannounce: "Announce again",
  reload: "Reload settings",
};

/** What the device was told and has not confirmed yet; null where there is nothing of that kind. */
export function order({ last_command }: DeviceSummary): Standing | null {
  if (last_command == null) {
    return null;
  }
  switch (last_command.state) {
    case "waiting":
      return { kind: "waiting", words: `${ORDERS[last_command.action]}: waits until the device is online` };
    case "sent":
      return { kind: "waiting", words: `${ORDERS[last_command.action]}: sent, not confirmed yet` };
    case "confirmed":
    case "replaced":
      return null;
  }
}

/** Whether a pause stands, or will as soon as the device confirms what it was told. */
export function isToBePaused({ last_command, paused }: DeviceSummary): boolean {
  const isUnderWay = last_command != null && (last_command.state === "waiting" || last_command.state === "sent");
  if (isUnderWay && (last_command.action === "pause" || last_command.action === "resume")) {
    return last_command.action === "pause";
  }
  return paused;
}

/** How far the device's clock is off. */
export function clock(skewSeconds: number | null): Standing | null {
  if (skewSeconds === null) {
    return null;
  }
  if (Math.abs(skewSeconds) < 1) {
    return { kind: "good", words: "Right" };
  }
  const words = `${duration(skewSeconds)} ${skewSeconds > 0 ? "ahead" : "behind"}`;
  return { kind: Math.abs(skewSeconds) > CLOCK_IS_WRONG_SECONDS ? "trouble" : "good", words };
}

/** Whether the device's disk will soon hold no more captures. */
export function hasLittleRoom(freeBytes: number): boolean {
  return freeBytes < LITTLE_ROOM_BYTES;
}
