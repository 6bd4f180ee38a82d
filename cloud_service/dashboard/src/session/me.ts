import { createContext, use } from "react";

import type { Me, Permission } from "../api.gen.ts";

/** Who is logged in. */
export const MeContext = createContext<Me | null>(null);

/** Who is logged in; only to be used behind the log-in. */
export function useMe(): Me {
  const me = use(MeContext);
  if (me === null) {
    throw new Error("useMe is used outside the session's page");
  }
  return me;
}

/** Whether the one who is logged in may do this; the server asks again. */
export function may(me: Me | null, permission: Permission): boolean {
  return me?.permissions.includes(permission) ?? false;
}
