import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { NoSuchPage, PageFault } from "./PageFault.tsx";

let fails = true;

function Page() {
  if (fails) {
    throw new Error("The thumbnails are too heavy.");
  }
  return <p>All is well</p>;
}

function show(path: string) {
  const root = createRootRoute({ notFoundComponent: NoSuchPage });
  const page = createRoute({ getParentRoute: () => root, path: "/page", component: Page });
  const history = createMemoryHistory({ initialEntries: [path] });
  const router = createRouter({ routeTree: root.addChildren([page]), history, defaultErrorComponent: PageFault });
  render(<RouterProvider router={router as never} />);
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // React tells of what it has caught
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

test("a page that fails says why, and is tried again", async () => {
  fails = true;
  show("/page");
  expect((await screen.findByRole("alert")).textContent).toContain("The thumbnails are too heavy.");

  fails = false;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("All is well")).toBeDefined();
});

test("an address without a page says so", async () => {
  show("/nowhere");

  expect((await screen.findByRole("alert")).textContent).toContain("There is no such page");
});
