import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Problem } from "../api/problem.ts";
import type { CaseDetail } from "../api.gen.ts";
import { aCase } from "../worklist/testCases.ts";
import { SignDialog } from "./SignDialog.tsx";
import { freshCase } from "./useCase.ts";
import type { Review } from "./useReview.ts";

vi.mock("./useCase.ts", () => ({ freshCase: vi.fn(), patchCase: vi.fn() }));

const NOTHING = { comments: [], readings: [], reports: [], models: [], earlier: [], position: 1 };
const DETAIL: CaseDetail = { ...aCase(1), ...NOTHING, checks: [{ passed: true, text: "All is judged." }] };

const settle = vi.fn<Review["settle"]>();
const onClose = vi.fn();
const onSigned = vi.fn();
/** What the server answers to the signature, when the test wants it. */
let answer: (response: Response) => void;

beforeEach(() => {
  vi.mocked(freshCase).mockResolvedValue(DETAIL);
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (answer = resolve)));
});

afterEach(() => {
  cleanup();
  vi.resetAllMocks();
  vi.unstubAllGlobals();
});

function open(): void {
  const words = { verdict: "suspicious", reason: null, conclusion: null };
  const review = { words, settle } as unknown as Review;
  render(<SignDialog detail={DETAIL} review={review} onClose={onClose} onSigned={onSigned} />);
  fireEvent.change(screen.getByRole("textbox"), { target: { value: DETAIL.pseudonym.slice(0, 8) } });
}

function button(name: string): HTMLButtonElement {
  return screen.getByRole("button", { name });
}

async function whenEnabled(name: string): Promise<HTMLButtonElement> {
  return vi.waitFor(() => {
    expect(button(name).disabled).toBe(false);
    return button(name);
  });
}

test("nothing is signed before the server has all that was said, and it is asked again on demand", async () => {
  settle.mockResolvedValueOnce(false).mockResolvedValue(true);
  open();
  const again = await whenEnabled("Try again");
  expect(screen.getByRole("alert").textContent).toContain("Not everything is saved yet");
  expect(button("Sign").disabled).toBe(true);

  fireEvent.click(again);
  await whenEnabled("Sign");
  expect(screen.queryByRole("alert")).toBeNull();
  expect(settle).toHaveBeenCalledTimes(2);
});

test("checks that could not be loaded are loaded again on demand", async () => {
  settle.mockResolvedValue(true);
  vi.mocked(freshCase).mockRejectedValueOnce(new Problem(503, "The server is busy."));
  open();
  const again = await whenEnabled("Try again");
  expect(screen.getByRole("alert").textContent).toBe("The server is busy.");

  fireEvent.click(again);
  await whenEnabled("Sign");
});

test("the window stays while the signature is on its way, and what becomes of it is told", async () => {
  settle.mockResolvedValue(true);
  open();
  fireEvent.click(await whenEnabled("Sign"));
  expect(button("Cancel").disabled).toBe(true);
  expect(screen.queryByRole("button", { name: "Close" })).toBeNull();
  fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
  expect(onClose).not.toHaveBeenCalled();

  vi.mocked(freshCase).mockRejectedValueOnce(new Problem(503, "The server is busy."));
  answer(Response.json({ detail: "The case has changed." }, { status: 409 }));
  const again = await whenEnabled("Try again");
  expect(screen.getByRole("alert").textContent).toBe("The case has changed.");
  fireEvent.click(again);
  fireEvent.click(await whenEnabled("Sign"));
  answer(Response.json(DETAIL));
  await vi.waitFor(() => {
    expect(onSigned).toHaveBeenCalledWith(DETAIL);
  });
});
