import { Activity, GraduationCap, Images, ListChecks, type LucideIcon, Microscope, Network, ScrollText, Users } from "lucide-react";

import type { Me, Permission } from "../api.gen.ts";
import { may } from "../session/me.ts";

/** A page that the navigation offers. */
export interface NavigationPage {
  readonly to: string;
  readonly name: string;
  readonly icon: LucideIcon;
  readonly permission: Permission;
  /** Where pages stand that are reached by way of this one, and what they are called. */
  readonly within?: { readonly to: string; readonly name: string };
}

/** In the order of the navigation; the first one that somebody may see is where he begins. */
const PAGES: readonly NavigationPage[] = [
  { to: "/worklist", name: "Worklist", icon: ListChecks, permission: "see-cases", within: { to: "/cases/", name: "Case" } },
  { to: "/captures", name: "Captures", icon: Images, permission: "see-captures" },
  { to: "/devices", name: "Devices", icon: Microscope, permission: "see-devices" },
  { to: "/training", name: "Training", icon: GraduationCap, permission: "see-training" },
  { to: "/models", name: "Models", icon: Network, permission: "see-models" },
  { to: "/users", name: "Users", icon: Users, permission: "manage-users" },
  { to: "/audit", name: "Audit", icon: ScrollText, permission: "see-audit" },
  { to: "/system", name: "System", icon: Activity, permission: "see-health" },
];

export function pagesOf(me: Me): readonly NavigationPage[] {
  return PAGES.filter(({ permission }) => may(me, permission));
}

/** The name of the page at an address; undefined where the navigation offers none. */
export function nameOf(path: string): string | undefined {
  const names = PAGES.flatMap(({ to, name, within }) => [{ to, name }, ...(within === undefined ? [] : [within])]);
  return names.find(({ to }) => path.startsWith(to))?.name;
}
