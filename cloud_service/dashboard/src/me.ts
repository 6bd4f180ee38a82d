import { createContext } from "react";

import type { Me, Permission } from "./api.gen.ts";

/** Who is logged in; null until the server has said so. */
export const MeContext = createContext<Me | null>(null);

/** Whether the one who is logged in may do this; the server asks again. */
export function may(me: Me | null, permission: Permission): boolean {
  return me?.permissions.includes(permission) ?? false;
}
