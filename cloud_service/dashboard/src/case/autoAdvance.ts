import { Remembered } from "../remembered.ts";

/** Whether a verdict on an image leads on to the next one without. */
export const autoAdvance = new Remembered<boolean>(
  "auto-advance",
  (kept) => kept !== "off",
  (value) => (value ? null : "off"),
);
