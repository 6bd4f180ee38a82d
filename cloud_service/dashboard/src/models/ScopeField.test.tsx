import { cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import { ScopeField } from "./ScopeField.tsx";
import { show } from "./testPage.tsx";
import { EVERYWHERE } from "./words.ts";

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

test("where the sites could not be loaded, it is said why, and they can be asked for again", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ detail: "Not to you." }, { status: 403 })));
  await show(<ScopeField help="" scope={EVERYWHERE} onChange={() => undefined} />);

  expect((await screen.findByRole("alert")).textContent).toContain("Not to you.");
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json([{ site_id: "north" }])));
  screen.getByRole("button", { name: "Try again" }).click();
  expect(await screen.findByRole("option", { name: "Site north" })).toBeDefined();
  expect(screen.queryByRole("alert")).toBeNull();
});
