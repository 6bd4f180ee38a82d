import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import type { SharedImage } from "../../api.gen.ts";
import { aReport } from "../testReports.ts";
import { Shared } from "./Obstacles.tsx";

afterEach(cleanup);

function leaks(count: number): SharedImage[] {
  return Array.from({ length: count }, (_, place) => {
    const path = `cell-${String(place)}.png`;
    return { path, other_path: path, dataset: "locked 1", is_locked: true, is_same_file: true };
  });
}

test("leaks that are examples of more say so", () => {
  const { container } = render(<Shared report={aReport({ shared: leaks(50), shared_count: 1200 })} />);

  expect(container.textContent).toContain("1,200 images leak");
  expect(container.textContent).toContain("These are examples of 1,200.");
  expect(container.querySelector("summary")?.textContent).toBe("42 more");
  expect(container.querySelectorAll("li")).toHaveLength(50);
});

test("leaks that are all there say nothing of others", () => {
  const { container } = render(<Shared report={aReport({ shared: leaks(2), shared_count: 2 })} />);

  expect(container.querySelectorAll("li")).toHaveLength(2);
  expect(container.textContent).not.toContain("examples");
  expect(container.querySelector("summary")).toBeNull();
});
