import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";

import { queryClient } from "../api/queries.ts";
import type { Me, Permission } from "../api.gen.ts";
import { MeContext } from "../session/me.ts";

/** Shows something to a user of these permissions, with what stands around every page. */
export async function show(element: ReactElement, permissions: Permission[] = ["see-models", "manage-models"]): Promise<void> {
  const me: Me = { user: "b.kern", role: "administrator", site: null, permissions };
  const root = createRootRoute({
    component: () => (
      <QueryClientProvider client={queryClient}>
        <MeContext value={me}>{element}</MeContext>
      </QueryClientProvider>
    ),
  });
  const router = createRouter({ routeTree: root, history: createMemoryHistory() });
  await router.load();
  // The page's own router is registered as the type of all of them.
  render(<RouterProvider router={router as never} />);
}
