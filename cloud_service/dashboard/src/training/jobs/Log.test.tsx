import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { Log } from "./Log.tsx";

afterEach(cleanup);

test("a log says in what time zone its lines are, once there are any", () => {
  const { rerender } = render(<Log text="" />);
  expect(document.body.textContent).not.toContain("UTC");
  rerender(<Log text="2026-11-22 09:00:00  epoch 1" />);

  expect(screen.getByText("Its times are in UTC.")).toBeDefined();
  expect(screen.getByRole("log").textContent).toContain("epoch 1");
});
