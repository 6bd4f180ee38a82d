import { plural } from "./admin/figures.ts";
import type { DeviceSummary, RefusalKind } from "./api.gen.ts";

/** For each kind: what stands behind a number, and what a person at the workstation does next. */
const KINDS: Record<RefusalKind, { are: string; next: string }> = {
  empty: { are: "empty", next: "Save empty files again." },
  damaged: { are: "damaged", next: "Copy damaged files again." },
  not_an_image: { are: "holding no image", next: "Save captures as JPEG, PNG, TIFF or BMP." },
  other_format: { are: "in another format", next: "Save captures as JPEG, PNG, TIFF or BMP." },
  other_pixels: { are: "with other pixels than RGB of 8 bits", next: "Save captures as RGB with 8 bits a sample." },
  several_images: { are: "holding several images", next: "Save each capture as a file of its own." },
  too_large: { are: "too large", next: "Save captures at the camera's own size." },
  too_small: { are: "too small", next: "Save captures at the camera's own size." },
  not_a_file: { are: "leading to no file", next: "Copy files into the folder, not links or folders." },
  vanished: { are: "gone before being read", next: "Save captures that are gone again." },
  not_permitted: { are: "that may not be read", next: "Let the agent's account read files and sidecars." },
  no_accession: { are: "without an accession", next: "Name files after their accession, or add a sidecar." },
  bad_sidecar: { are: "with a wrong sidecar", next: "Correct wrong sidecars." },
  other_accession: { are: "taken in for another accession before", next: "Correct the accession, or take the image again." },
};

/** Files in a device's folders that never became captures. */
export interface NotTaken {
  readonly words: string;
  readonly next: readonly string[];
}

/** What a device did not take, most first, and what to do about it; null where that is nothing. */
export function notTaken({ refused_files, refused_by_kind }: DeviceSummary): NotTaken | null {
  const told = Object.entries(KINDS)
    .map(([kind, { are, next }]) => ({ count: refused_by_kind?.[kind] ?? 0, are, next }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => other.count - one.count);
  const named = told.reduce((sum, { count }) => sum + count, 0);
  const total = Math.max(refused_files ?? 0, named); // a device that miscounts is believed in what it names
  if (total === 0) {
    return null;
  }
  const parts = told.map(({ count, are }) => `${count.toLocaleString("en")} ${are}`);
  if (named > 0 && named < total) {
    parts.push(`${(total - named).toLocaleString("en")} for another reason`);
  }
  return {
    words: [`${plural(total, "file")} not taken`, parts.join(", ")].filter((part) => part !== "").join(": "),
    next: [...new Set(told.map(({ next }) => next))],
  };
}
