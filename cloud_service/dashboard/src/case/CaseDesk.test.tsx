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
/** What it answers to one page of them. */
const answer = vi.fn<(url: string) => Response>();

beforeEach(() => {
  images = [FIRST, SECOND];
  answer.mockReset().mockImplementation(() => Response.json({ images, next: null }));
  vi.stubGlobal("fetch", ({ url }: Request) => Promise.resolve(answer(url)));
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
        <CaseDesk detail={DETAIL} neighbours={{ previous: null, next: null, place: null, total: 0, more: false }} />
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

test("images that were refused are not told as none, and are asked for again on demand", async () => {
  answer.mockImplementationOnce(() => Response.json({ detail: "Too many questions." }, { status: 429 }));
  open();
  expect((await screen.findByRole("alert")).textContent).toContain("Too many questions.");
  expect(screen.queryByText("This case has no image yet.")).toBeNull();

  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByRole("heading", { name: "Image 1 of 3" });
});

test("a further page that was refused is not asked for again without end", async () => {
  answer.mockImplementation((url) =>
    url.includes("after=") ? Response.json({ detail: "No." }, { status: 422 }) : Response.json({ images, next: "further" }),
  );
  open();
  await screen.findByRole("heading", { name: "Image 1 of 3" });
  await vi.waitFor(() => {
    expect(queryClient.getQueryState(["case-images", DETAIL.id])?.error).not.toBeNull();
  });
  await act(() => Promise.resolve());
  expect(answer).toHaveBeenCalledTimes(2);
});
