import { expect, test } from "vitest";

import { aDevice } from "./admin/devices/testDevices.ts";
import { notTaken } from "./notTaken.ts";

function told(refused_files: number | null, refused_by_kind: Record<string, number> | null) {
  return notTaken(aDevice({ refused_files, refused_by_kind }));
}

test("files that were not taken are told by the reason, most first, and each with what to do", () => {
  expect(told(4, { empty: 1, no_accession: 1, damaged: 2 })).toEqual({
    words: "4 files not taken: 2 damaged, 1 empty, 1 without an accession",
    next: ["Copy damaged files again.", "Save empty files again.", "Name files after their accession, or add a sidecar."],
  });
  expect(told(1, { damaged: 1 })?.words).toBe("1 file not taken: 1 damaged");
});

test("what helps against two kinds is said once", () => {
  expect(told(2, { not_an_image: 1, other_format: 1 })?.next).toEqual(["Save captures as JPEG, PNG, TIFF or BMP."]);
});

test("a number reads well without kinds, and with kinds that this page does not know", () => {
  for (const kinds of [null, {}, { upside_down: 3 }]) {
    expect(told(3, kinds)).toEqual({ words: "3 files not taken", next: [] });
  }
  expect(told(1500, { damaged: 1200 })?.words).toBe("1,500 files not taken: 1,200 damaged, 300 for another reason");
});

test("counts that do not add up are told as they are named", () => {
  expect(told(1, { damaged: 2, empty: 1 })?.words).toBe("3 files not taken: 2 damaged, 1 empty");
});

test("nothing is said where every file was taken or nothing is known", () => {
  for (const count of [0, null]) {
    expect(told(count, null)).toBeNull();
    expect(told(count, { damaged: 0 })).toBeNull();
  }
});
