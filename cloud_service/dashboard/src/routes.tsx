import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate } from "@tanstack/react-router";

import { parseAuditSearch } from "./admin/audit/filters.ts";
import type { Permission } from "./api.gen.ts";
import { CapturesPage } from "./captures/CapturesPage.tsx";
import { parseCapturesSearch } from "./captures/search.ts";
import { parseComparisonSearch } from "./models/comparisonSearch.ts";
import { useMe } from "./session/me.ts";
import { NoSuchPage, PageFault } from "./shell/PageFault.tsx";
import { pagesOf } from "./shell/pages.ts";
import { Shell } from "./shell/Shell.tsx";
import { readSearch } from "./worklist/search.ts";
import { parseCandidatesSearch } from "./training/candidates/search.ts";
import { parseNewTrainingSearch } from "./training/recipes/search.ts";
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

const training = createRoute({
  getParentRoute: () => root,
  path: "/training",
  staticData: { permission: "see-training" },
  component: lazyRouteComponent(() => import("./training/jobs/JobsPage.tsx"), "JobsPage"),
});

const trainingJob = createRoute({
  getParentRoute: () => root,
  path: "/training/jobs/$jobId",
  staticData: { permission: "see-training" },
  component: lazyRouteComponent(() => import("./training/jobs/JobPage.tsx"), "JobPage"),
});

const newTraining = createRoute({
  getParentRoute: () => root,
  path: "/training/new",
  staticData: { permission: "manage-training" },
  validateSearch: parseNewTrainingSearch,
  component: lazyRouteComponent(() => import("./training/recipes/NewTrainingPage.tsx"), "NewTrainingPage"),
});

const recipes = createRoute({
  getParentRoute: () => root,
  path: "/training/recipes",
  staticData: { permission: "see-training" },
  component: lazyRouteComponent(() => import("./training/recipes/RecipesPage.tsx"), "RecipesPage"),
});

const recipe = createRoute({
  getParentRoute: () => root,
  path: "/training/recipes/$recipeId",
  staticData: { permission: "see-training" },
  component: lazyRouteComponent(() => import("./training/recipes/RecipePage.tsx"), "RecipePage"),
});

const datasets = createRoute({
  getParentRoute: () => root,
  path: "/training/datasets",
  staticData: { permission: "see-training" },
  component: lazyRouteComponent(() => import("./training/datasets/DatasetsPage.tsx"), "DatasetsPage"),
});

const dataset = createRoute({
  getParentRoute: () => root,
  path: "/training/datasets/$datasetId",
  staticData: { permission: "see-training" },
  component: lazyRouteComponent(() => import("./training/datasets/DatasetPage.tsx"), "DatasetPage"),
});

const datasetImport = createRoute({
  getParentRoute: () => root,
  path: "/training/imports/$importId",
  staticData: { permission: "see-training" },
  component: lazyRouteComponent(() => import("./training/datasets/ImportPage.tsx"), "ImportPage"),
});

const candidates = createRoute({
  getParentRoute: () => root,
  path: "/training/candidates",
  staticData: { permission: "see-training" },
  validateSearch: parseCandidatesSearch,
  component: lazyRouteComponent(() => import("./training/candidates/CandidatesPage.tsx"), "CandidatesPage"),
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
  component: lazyRouteComponent(() => import("./models/ModelsPage.tsx"), "ModelsPage"),
});

const model = createRoute({
  getParentRoute: () => root,
  path: "/models/$digest",
  staticData: { permission: "see-models" },
  component: lazyRouteComponent(() => import("./models/ModelPage.tsx"), "ModelPage"),
});

const comparison = createRoute({
  getParentRoute: () => root,
  path: "/models/$digest/comparison",
  staticData: { permission: "see-models" },
  validateSearch: parseComparisonSearch,
  component: lazyRouteComponent(() => import("./models/ComparisonPage.tsx"), "ComparisonPage"),
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
  routeTree: root.addChildren([
    home,
    worklist,
    casePage,
    captures,
    devices,
    training,
    trainingJob,
    newTraining,
    recipes,
    recipe,
    datasets,
    dataset,
    datasetImport,
    candidates,
    users,
    models,
    model,
    comparison,
    audit,
    system,
  ]),
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
