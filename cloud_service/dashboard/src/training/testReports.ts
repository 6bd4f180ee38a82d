import type { DatasetReport } from "../api.gen.ts";

/** A dry run's report for tests. */
export function aReport(changes: Partial<DatasetReport> = {}): DatasetReport {
  return {
    layout: "class-folders",
    images: 1200,
    with_all: 300,
    without: 900,
    classes: [
      { name: "Benign", is_all: false, images: 900 },
      { name: "Pro", is_all: true, images: 300 },
    ],
    kinds: { cell: 1200 },
    marked_blasts: 0,
    groups: { count: 60, smallest: 1, median: 18, largest: 40, with_both_labels: 2 },
    sizes: [{ width: 224, height: 224, with_all: 300, without: 900 }],
    unreadable: [],
    unreadable_count: 0,
    duplicates: [],
    duplicate_count: 0,
    predictors: [],
    shared: [],
    shared_count: 0,
    clashes: [],
    clash_count: 0,
    left_out: [],
    warnings: [],
    digest: "a".repeat(64),
    ...changes,
  };
}
