import type { Action } from "../../api.gen.ts";

/** What the filter offers, by what it is about. */
export const ACTIONS: readonly (readonly [about: string, actions: readonly Action[]])[] = [
  ["Logging in", ["log-in", "log-in-refused", "log-out", "password-changed"]],
  [
    "Users",
    [
      "user-added",
      "user-changed",
      "user-bound",
      "user-unbound",
      "user-disabled",
      "user-enabled",
      "user-reset",
      "token-added",
      "token-revoked",
    ],
  ],
  ["Devices", ["enrolment-code-made", "enrolment-code-withdrawn", "device-enrolled", "device-commanded", "device-removed"]],
  ["Cases", ["case-seen", "case-loaded-ahead", "case-claimed", "case-released", "case-commented", "image-opened", "finding-saved", "reading-saved"]],
  ["Reports", ["second-read-asked", "diagnosis-signed", "diagnosis-amended", "report-seen"]],
  ["Captures", ["capture-seen", "image-seen", "attention-seen", "analysis-retried"]],
];
