import type { LogInProvider, UserView } from "../../api.gen.ts";
import type { SignKind } from "../StateSign.tsx";
import { logsIn } from "./roles.ts";

/** How a user logs in, in words. */
export interface Way {
  readonly kind: SignKind;
  readonly words: string;
}

/** How a user logs in, with the provider that the settings name; null: they name none. */
export function wayIn(user: UserView, provider: LogInProvider | null): Way {
  if (!logsIn(user.role)) {
    return { kind: "plain", words: "Token" };
  }
  const orPassword = user.has_password ? "Password" : null;
  if (provider === null) {
    return orPassword === null ? { kind: "trouble", words: "No way in: no password, and no provider" } : { kind: "plain", words: orPassword };
  }
  const both = orPassword === null ? provider.name : `${orPassword} or ${provider.name}`;
  switch (bindingOf(user, provider)) {
    case "bound":
      return { kind: "good", words: both };
    case "open":
      return { kind: "waiting", words: `${both}, bound at the first log-in` };
    case "elsewhere":
      return { kind: "trouble", words: `${orPassword ?? "No way in"}; bound to a provider that is not used any more` };
  }
}

/** Whether a user is bound to an account at the provider, is still to be, or is bound to one at another. */
export function bindingOf(user: UserView, provider: LogInProvider): "bound" | "open" | "elsewhere" {
  if (user.openid_subject === null) {
    return "open";
  }
  return user.openid_issuer === provider.issuer ? "bound" : "elsewhere";
}
