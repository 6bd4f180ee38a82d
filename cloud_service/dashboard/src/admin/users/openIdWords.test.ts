import { describe, expect, test } from "vitest";

import type { UserView } from "../../api.gen.ts";
import { wayIn } from "./openIdWords.ts";

const PROVIDER = { name: "St. Anna's log-in", address: "/api/v1/session/openid", issuer: "https://login.anna.example" };

function aUser(changes: Partial<UserView> = {}): UserView {
  return {
    name: "h.meier",
    role: "clinician",
    site: null,
    created_at: "2026-11-22T09:00:00Z",
    changed_at: "2026-11-22T09:00:00Z",
    disabled_at: null,
    last_log_in_at: null,
    has_password: true,
    openid_issuer: null,
    openid_subject: null,
    ...changes,
  };
}

describe("a user", () => {
  test("has a password, and without a provider nothing else", () => {
    expect(wayIn(aUser(), null)).toEqual({ kind: "plain", words: "Password" });
    expect(wayIn(aUser({ has_password: false }), null).kind).toBe("trouble");
  });

  test("of a program comes by token, whatever it was bound to before", () => {
    const program = aUser({ role: "service", has_password: false, openid_issuer: PROVIDER.issuer, openid_subject: "1" });
    expect(wayIn(program, PROVIDER).words).toBe("Token");
  });

  test("is bound at the first log-in, unless an account is named before", () => {
    expect(wayIn(aUser(), PROVIDER)).toEqual({
      kind: "waiting",
      words: "Password or St. Anna's log-in, bound at the first log-in",
    });
    const bound = aUser({ has_password: false, openid_issuer: PROVIDER.issuer, openid_subject: "1" });
    expect(wayIn(bound, PROVIDER)).toEqual({ kind: "good", words: "St. Anna's log-in" });
  });

  test("who is bound to a former provider does not get in through the present one", () => {
    const former = { openid_issuer: "https://old.example", openid_subject: "1" };
    expect(wayIn(aUser(former), PROVIDER)).toEqual({
      kind: "trouble",
      words: "Password; bound to a provider that is not used any more",
    });
    expect(wayIn(aUser({ ...former, has_password: false }), PROVIDER).words).toContain("No way in");
  });
});
