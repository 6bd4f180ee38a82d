import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { CaptureTable } from "./CaptureTable.tsx";
import type { CaptureSummary, Me } from "../api.gen.ts";
import type { Day } from "./day.ts";
import { MeContext } from "../session/me.ts";
import { aCapture, anAnalysed } from "./testCaptures.ts";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const EMPTY = { title: "No captures yet", words: "They appear by themselves." };
const CLINICIAN: Me = { user: "h.meier", role: "clinician", site: null, permissions: ["retry-analyses"] };
const TECHNICIAN: Me = { user: "a.lang", role: "technician", site: "north", permissions: ["see-captures"] };

function show(captures: CaptureSummary[], onSelect: (id: string) => void = () => undefined, me = CLINICIAN) {
  const rows = captures.map((capture, position) => ({ capture, position }));
  const table = (today: Day) => (
    <MeContext value={me}>
      <CaptureTable rows={rows} today={today} loaded empty={EMPTY} selected={null} onSelect={onSelect} />
    </MeContext>
  );
  const shown = render(table("2026-11-22"));
  return {
    ...shown,
    goOn: (today: Day) => {
      shown.rerender(table(today));
    },
  };
}

test("a finding is told in words, with its probability, and never by colour alone", () => {
  show([anAnalysed(1, 0.93), anAnalysed(2, 0.07)]);

  const [, suspicious, other] = screen.getAllByRole("row");
  expect(suspicious?.textContent).toContain("Suspicious: blast features seen");
  expect(suspicious?.textContent).toContain("93 %");
  expect(other?.textContent).toContain("No blast features seen");
  expect(document.body.textContent).not.toMatch(/normal|healthy/i);
});

test("a doubted answer is told as none, with its reason first and the model's own words behind it", () => {
  const unlike = "Unlike the images that the model was trained on.";
  show([anAnalysed(1, 0.0004, [unlike]), anAnalysed(2, 0.93, ["Undecided.", unlike]), anAnalysed(3, 0.93)]);

  const [, unseen, suspicious, sure] = screen.getAllByRole("row").map((row) => row.querySelector(".answer"));
  expect(unseen?.textContent).toBe(`⚠ Cannot say${unlike}The model’s own answer: No blast features seen, < 1 %`);
  expect(suspicious?.textContent).toContain(`Cannot sayUndecided.${unlike}The model’s own answer: ▲ Suspicious`);
  expect(document.querySelectorAll(".bar")).toHaveLength(1);
  expect(sure?.querySelector(".bar")).not.toBeNull();
  expect(sure?.textContent).not.toContain("Cannot say");
  expect(document.body.textContent).not.toMatch(/normal|healthy/i);
});

test("certainty is never claimed", () => {
  show([anAnalysed(1, 0.9996), anAnalysed(2, 0.0004)]);

  expect(screen.getByText("> 99 %")).toBeDefined();
  expect(screen.getByText("< 1 %")).toBeDefined();
});

test("a name is text, whatever it holds", () => {
  show([aCapture(1, { smear: "<img src=x onerror=alert(1)>" })]);

  expect(screen.getByRole("button").textContent).toBe("<img src=x onerror=alert(1)>");
  expect(screen.queryByRole("img")).toBeNull();
});

test("a capture without bytes has no image, and one with bytes has", () => {
  const { container } = show([aCapture(1), aCapture(2, { state: "refused", reason: "CMYK" }), anAnalysed(3, 0.1)]);

  expect([...container.querySelectorAll("img")].map((image) => image.getAttribute("src"))).toEqual([
    "/api/v1/captures/00000000-0000-7000-8000-000000000003/image?edge=160",
  ]);
});

test("only a failed capture offers a retry, which asks the API and leaves the row's panel closed", async () => {
  const asked = vi.fn<(request: Request) => Promise<Response>>(() => Promise.resolve(Response.json(aCapture(2, { state: "stored" }))));
  vi.stubGlobal("fetch", asked);
  const onSelect = vi.fn();
  show([aCapture(1), aCapture(2, { state: "failed", reason: "The worker ended." }), anAnalysed(3, 0.1)], onSelect);

  const failed = screen.getByText("The worker ended.").closest("tr");
  expect(screen.getAllByRole("button", { name: "Retry" })).toHaveLength(1);
  fireEvent.click(within(failed as HTMLElement).getByRole("button", { name: "Retry" }));

  await vi.waitFor(() => {
    expect(asked).toHaveBeenCalledOnce();
  });
  const [request] = asked.mock.calls[0] ?? [];
  expect(request?.method).toBe("POST");
  expect(request?.url).toMatch(/\/api\/v1\/captures\/00000000-0000-7000-8000-000000000002\/retry$/);
  expect(onSelect).not.toHaveBeenCalled();
});

test("who may not retry is offered none, and still reads why it failed", () => {
  show([aCapture(2, { state: "failed", reason: "The worker ended." })], undefined, TECHNICIAN);

  expect(screen.getByText("The worker ended.")).toBeDefined();
  expect(screen.queryByRole("button", { name: "Retry" })).toBeNull();
});

test("what was today has a date once the next day begins", () => {
  const { container, goOn } = show([aCapture(1, { custody: [{ stage: "received", at: "2026-11-22T09:00:02Z" }] })]);
  const times = () => [...container.querySelectorAll("td time")].map(({ textContent }) => textContent);
  expect(times().some((time) => time.includes("2026"))).toBe(false);

  goOn("2026-11-23");
  expect(times()).toHaveLength(2);
  expect(times().every((time) => time.includes("2026"))).toBe(true);
});

test("a row opens by click and by its button", () => {
  const onSelect = vi.fn();
  show([aCapture(1)], onSelect);

  fireEvent.click(screen.getByRole("button", { name: "smear 1" }));
  fireEvent.click(screen.getByText("north / scope-1"));

  expect(onSelect).toHaveBeenCalledTimes(2);
});

test("an empty table says what will happen", () => {
  show([]);

  expect(screen.getByRole("heading").textContent).toBe("No captures yet");
});
