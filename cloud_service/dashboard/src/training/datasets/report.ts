import { plural } from "../../admin/figures.ts";
import type { DatasetReport, ReportedDuplicates, ReportedPredictor } from "../../api.gen.ts";

/** From this balanced accuracy on, what is no cytology is said to predict the class; 0.5 is chance. */
const SUSPICIOUS = 0.7;

const LAYOUTS: Readonly<Record<string, string>> = {
  "all-idb1": "ALL-IDB1: full fields, with blast centres",
  "all-idb2": "ALL-IDB2: single cells",
  "c-nmc": "C-NMC 2019: single cells in folds",
  "class-folders": "Class folders: one folder a class",
  manifest: "Manifest: a CSV file with path, label and group",
};

export const LAYOUT_CHOICES: readonly (readonly [value: string, words: string])[] = Object.entries(LAYOUTS);

export function layoutInWords(layout: string): string {
  return LAYOUTS[layout] ?? layout;
}

export function labelInWords(isAll: boolean): string {
  return isAll ? "ALL" : "not ALL";
}

/** What was counted, by name. */
export function countsInWords({ layout, images, with_all, without, groups }: DatasetReport): [name: string, value: string][] {
  return [
    ["Layout", layoutInWords(layout)],
    ["Images", images.toLocaleString("en")],
    ["With ALL", ofAll(with_all, images)],
    ["Without ALL", ofAll(without, images)],
    ["Groups", `${groups.count.toLocaleString("en")}${groupSizes(groups)}`],
    ...(groups.with_both_labels === 0
      ? []
      : [["Groups with both labels", groups.with_both_labels.toLocaleString("en")] as [string, string]]),
  ];
}

function ofAll(count: number, all: number): string {
  const share = all === 0 ? "" : ` (${((100 * count) / all).toFixed(0)} %)`;
  return `${count.toLocaleString("en")}${share}`;
}

function groupSizes({ count, smallest, largest }: DatasetReport["groups"]): string {
  if (count === 0) {
    return "";
  }
  return smallest === largest ? `, each of ${plural(smallest, "image")}` : `, of ${String(smallest)} to ${plural(largest, "image")}`;
}

/** What images that are the same have in common: "The same file: 2 images, labelled ALL and not ALL". */
export function duplicatesInWords({ likeness, paths, crosses_labels, crosses_groups }: ReportedDuplicates): string {
  const what = likeness === "exact" ? "The same file" : "Look the same";
  const crosses = [crosses_labels && "labelled ALL and not ALL", crosses_groups && "in several groups"];
  return [`${what}: ${plural(paths.length, "image")}`, ...crosses.filter((word) => word !== false)].join(", ");
}

/** Whether something that is no cytology tells the class. */
export function isShortcut({ grouped }: ReportedPredictor): boolean {
  return grouped >= SUSPICIOUS;
}
