import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { keys, queryClient } from "../api/queries.ts";
import { CapturePanel } from "./CapturePanel.tsx";
import { anAnalysed } from "./testCaptures.ts";

const CAPTURE = anAnalysed(1, 0.9);

afterEach(() => {
  cleanup();
  queryClient.clear();
});

function open(attempts: number) {
  const delivery = { attempts, acknowledged_at: null };
  queryClient.setQueryData(keys.capture(CAPTURE.id), { ...CAPTURE, deliveries: [delivery] });
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={queryClient}>
      <div data-capture={CAPTURE.id}>
        <button type="button" className="open">
          its row
        </button>
      </div>
      <CapturePanel id={CAPTURE.id} onClose={onClose} />
    </QueryClientProvider>,
  );
  return onClose;
}

test.each(["by its button", "by Escape"])("a panel that is closed %s gives the focus back to its row", (way) => {
  const onClose = open(1);
  expect(document.activeElement).toBe(screen.getByRole("heading", { level: 2 }));
  if (way === "by Escape") {
    fireEvent.keyDown(document, { key: "Escape" });
  } else {
    fireEvent.click(screen.getByRole("button", { name: "Close" }));
  }

  expect(onClose).toHaveBeenCalledOnce();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "its row" }));
});

test.each([
  [1, "sent 1 time."],
  [2, "sent 2 times."],
])("a result that was sent %d times and not shown says so", (attempts, words) => {
  open(attempts);

  expect(screen.getByText(/has not shown the result yet/).textContent).toContain(words);
});
