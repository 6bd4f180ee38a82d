import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { CaseDetail, Me } from "../api.gen.ts";
import { anAnalysed } from "../captures/testCaptures.ts";
import { MeContext } from "../session/me.ts";
import { aCase } from "../worklist/testCases.ts";
import { CaseDesk } from "./CaseDesk.tsx";

vi.mock("./CaseBar.tsx", () => ({ CaseBar: () => null }));
vi.mock("./Viewer.tsx", () => ({
  Viewer: ({ image, onShown }: { image: { id: string }; onShown: (id: string) => void }) => (
    <button
      type="button"
      onClick={() => {
        onShown(image.id);
      }}
    >
      Draw
    </button>
  ),
}));

const ME: Me = { user: "h.meier", role: "clinician", site: null, permissions: ["read-cases"] };
const NOTHING = { comments: [], readings: [], reports: [], checks: [], models: [], earlier: [], position: 1 };
const DETAIL: CaseDetail = { ...aCase(1, { held_by: "k.osei" }), ...NOTHING };
const [FIRST, SECOND, FRESH] = [anAnalysed(1, 0.93), anAnalysed(2, 0.7), anAnalysed(3, 0.99)];

/** The images as the server has them, the most suspicious first. */
let images = [FIRST, SECOND];

beforeEach(() => {
  images = [FIRST, SECOND];
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ images, next: null })));
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

function open(): void {
  render(
    <QueryClientProvider client={queryClient}>
      <MeContext value={ME}>
        <CaseDesk detail={DETAIL} neighbours={{ previous: null, next: null, place: null, total: 0 }} />
      </MeContext>
    </QueryClientProvider>,
  );
}

test("the image that is seen stays at hand when a more suspicious one comes", async () => {
  open();
  fireEvent.click(await screen.findByRole("button", { name: "Draw" }));
  expect(screen.getByRole("heading", { name: "Image 1 of 3" })).toBeDefined();

  images = [FRESH, FIRST, SECOND];
  await act(() => queryClient.invalidateQueries());
  expect(screen.getByRole("heading", { name: "Image 2 of 3" })).toBeDefined();
});
