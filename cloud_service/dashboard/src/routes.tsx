import { createRootRoute, createRoute, createRouter, Navigate } from "@tanstack/react-router";

import type { Permission } from "./api.gen.ts";
import { CapturesPage } from "./captures/CapturesPage.tsx";
import { useMe } from "./session/me.ts";
import { NoSuchPage, PageFault } from "./shell/PageFault.tsx";
import { pagesOf } from "./shell/pages.ts";
import { Shell } from "./shell/Shell.tsx";

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

const captures = createRoute({
  getParentRoute: () => root,
  path: "/captures",
  staticData: { permission: "see-captures" },
  component: CapturesPage,
});

/** The addresses of the page. What not everybody opens at once is loaded when it is (`lazyRouteComponent`). */
export const router = createRouter({
  routeTree: root.addChildren([home, captures]),
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
