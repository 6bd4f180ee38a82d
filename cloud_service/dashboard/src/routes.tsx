import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate } from "@tanstack/react-router";

import { parseAuditSearch } from "./admin/audit/filters.ts";
import { parseModelsSearch } from "./admin/models/search.ts";
import type { Permission } from "./api.gen.ts";
import { CapturesPage } from "./captures/CapturesPage.tsx";
import { parseCapturesSearch } from "./captures/search.ts";
import { useMe } from "./session/me.ts";
import { NoSuchPage, PageFault } from "./shell/PageFault.tsx";
import { pagesOf } from "./shell/pages.ts";
import { Shell } from "./shell/Shell.tsx";
import { readSearch } from "./worklist/search.ts";
import { WorklistPage } from "./worklist/WorklistPage.tsx";

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  interface StaticDataRouteOption {
    /** What one must be allowed to see the page; the server asks again. */
    permission?: Permission;
  }
}

const root = createRootRoute({ component: Shell, notFoundComponent: NoSuchPage });

const home = createRoute({ getParentRoute: () => root, path: "/", component: FirstPage });

const worklist = createRoute({
  getParentRoute: () => root,
  path: "/worklist",
  staticData: { permission: "see-cases" },
  validateSearch: readSearch,
  component: WorklistPage,
});

const casePage = createRoute({
  getParentRoute: () => root,
  path: "/cases/$caseId",
  staticData: { permission: "see-cases" },
  component: lazyRouteComponent(() => import("./case/CasePage.tsx"), "CasePage"),
});

const captures = createRoute({
  getParentRoute: () => root,
  path: "/captures",
  staticData: { permission: "see-captures" },
  validateSearch: parseCapturesSearch,
  component: CapturesPage,
});

const devices = createRoute({
  getParentRoute: () => root,
  path: "/devices",
  staticData: { permission: "see-devices" },
  component: lazyRouteComponent(() => import("./admin/devices/DevicesPage.tsx"), "DevicesPage"),
});

const users = createRoute({
  getParentRoute: () => root,
  path: "/users",
  staticData: { permission: "manage-users" },
  component: lazyRouteComponent(() => import("./admin/users/UsersPage.tsx"), "UsersPage"),
});

const models = createRoute({
  getParentRoute: () => root,
  path: "/models",
  staticData: { permission: "see-models" },
  validateSearch: parseModelsSearch,
  component: lazyRouteComponent(() => import("./admin/models/ModelsPage.tsx"), "ModelsPage"),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  staticData: { permission: "see-audit" },
  validateSearch: parseAuditSearch,
  component: lazyRouteComponent(() => import("./admin/audit/AuditPage.tsx"), "AuditPage"),
});

const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
  staticData: { permission: "see-health" },
  component: lazyRouteComponent(() => import("./admin/system/SystemPage.tsx"), "SystemPage"),
});

/** The addresses of the page. What not everybody opens at once is loaded when it is (`lazyRouteComponent`). */
export const router = createRouter({
  routeTree: root.addChildren([home, worklist, casePage, captures, devices, users, models, audit, system]),
  defaultErrorComponent: PageFault,
  defaultPreload: "intent",
  scrollRestoration: true,
  // Plain words, so that an address can be read, shared and written by hand: ?queue=critical&site=north
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return text === "" ? "" : `?${text}`;
  },
});

function FirstPage() {
  const [first] = pagesOf(useMe());
  return first === undefined ? <NoSuchPage /> : <Navigate to={first.to} replace />;
}
