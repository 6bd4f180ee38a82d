import { Images, type LucideIcon } from "lucide-react";

import type { Me, Permission } from "../api.gen.ts";
import { may } from "../session/me.ts";

/** A page that the navigation offers. */
export interface NavigationPage {
  readonly to: string;
  readonly name: string;
  readonly icon: LucideIcon;
  readonly permission: Permission;
}

/** In the order of the navigation; the first one that somebody may see is where he begins. */
const PAGES: readonly NavigationPage[] = [
  { to: "/captures", name: "Captures", icon: Images, permission: "see-captures" },
];

export function pagesOf(me: Me): readonly NavigationPage[] {
  return PAGES.filter(({ permission }) => may(me, permission));
}
