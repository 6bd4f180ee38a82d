import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import type { NamedModel } from "../gate.ts";
import { aComparedModel } from "../testAssessments.ts";
import { Confusion } from "./Confusion.tsx";
import { ReliabilityPlot } from "./ReliabilityPlot.tsx";
import { RocPlot } from "./RocPlot.tsx";

afterEach(cleanup);

const NEW: NamedModel = { name: "Candidate", on: aComparedModel() };
const OLD: NamedModel = {
  name: "In service",
  on: aComparedModel({
    figures: { ...aComparedModel().figures, measures: { roc_auc: null } },
    confusion: { hits: 8, misses: 2, alarms: 2, passes: 8 },
    roc: { false_positive_rate: [0, 0.2, 1], true_positive_rate: [0, 0.8, 1] },
  }),
};

test("ROC curves are told in words, and drawn so that they differ without colour", () => {
  const { container } = render(<RocPlot challenger={NEW} champion={OLD} />);

  expect(screen.getByRole("img").getAttribute("aria-label")).toBe(
    "ROC curve. Candidate: area 95.0 %, at its threshold a sensitivity of 90.0 % with 10.0 % false alarms. " +
      "In service: at its threshold a sensitivity of 80.0 % with 20.0 % false alarms.",
  );
  const [first, second] = container.querySelectorAll("[role=img] .series");
  expect(first?.querySelectorAll("circle")).toHaveLength(1);
  expect(second?.classList.contains("other")).toBe(true);
  expect(second?.querySelectorAll("rect")).toHaveLength(1);
  // (0, 0) lies at the lower left, (1, 1) at the upper right.
  const points = (first?.querySelector("polyline")?.getAttribute("points") ?? "").split(" ").map((pair) => pair.split(",").map(Number));
  expect(points[0]?.[0]).toBeLessThan(points[2]?.[0] ?? 0);
  expect(points[0]?.[1]).toBeGreaterThan(points[2]?.[1] ?? 1e9);
});

test("a model that has none beside it is drawn alone", () => {
  const { container } = render(<RocPlot challenger={NEW} champion={null} />);
  expect(container.querySelectorAll("[role=img] .series")).toHaveLength(1);
});

test("reliability leaves out probabilities that were never said", () => {
  const { container } = render(<ReliabilityPlot challenger={NEW} champion={null} />);

  expect(container.querySelectorAll("[role=img] .series circle")).toHaveLength(2);
  expect(screen.getByRole("img").getAttribute("aria-label")).toContain("said 95.0 %, are 90.0 % of 20");
  expect(screen.getByRole("img").getAttribute("aria-label")).not.toContain("50.0 %");
});

test("a confusion matrix says which answers were right and which wrong", () => {
  render(<Confusion name="Candidate" counts={{ hits: 9, misses: 1, alarms: 0, passes: 0 }} />);

  const rows = within(screen.getByRole("table", { name: "Candidate" })).getAllByRole("row");
  expect(rows[1]?.textContent).toBe("are ALL990.0 %right110.0 %wrong");
  expect(rows[2]?.textContent).toBe("are not ALL0–wrong0–right");
});
