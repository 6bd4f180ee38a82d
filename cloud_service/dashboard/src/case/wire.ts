import { answer, api } from "../api/client.ts";
import type { CaseDetail, SavedReading } from "../api.gen.ts";
import { EMPTY_DRAFT, type Part } from "./drafts.ts";
import { caseWords, imageWords } from "./review.ts";
import type { Wire } from "./saver.ts";
import { freshCase, patchCase } from "./useCase.ts";

/** The API as the saver asks it; each answer is put into the page at once. */
export function apiWire(caseId: string, user: string): Wire {
  const path = { case_id: caseId };
  return {
    claim: async (version) => {
      const claimed = await answer(api.POST("/api/v1/cases/{case_id}/claim", { params: { path }, body: { version } }));
      patchCase(caseId, (detail) => ({ ...detail, ...claimed }));
      return claimed.version;
    },
    saveCase: async (version, words) => {
      const saved = await answer(
        api.PUT("/api/v1/cases/{case_id}/reading", { params: { path }, body: { version, ...words } }),
      );
      // The client's types know pairs of numbers as lists only.
      patchCase(caseId, () => saved as CaseDetail);
      return saved.version;
    },
    saveImage: async (version, image, words) => {
      const saved = await answer(
        api.PUT("/api/v1/cases/{case_id}/images/{capture_id}/finding", {
          params: { path: { ...path, capture_id: image } },
          body: { version, ...words },
        }),
      );
      patchCase(caseId, (detail) => withReading(detail, saved));
      return saved.case_version;
    },
    look: async (part) => {
      const detail = await freshCase(caseId);
      return { version: detail.version, mine: detail.held_by === user, says: says(detail, user, part) };
    },
  };
}

/** Notes at the server that the reader has opened an image. */
export async function markOpened(caseId: string, image: string, version: number): Promise<void> {
  const saved = await answer(
    api.POST("/api/v1/cases/{case_id}/images/{capture_id}/opened", {
      params: { path: { case_id: caseId, capture_id: image } },
      body: { version },
    }),
  );
  // It may be overtaken by what the reader judged meanwhile; the next answer tells of the opened image as well.
  patchCase(caseId, (detail) => (saved.case_version < detail.version ? detail : withReading(detail, saved)));
}

function withReading(detail: CaseDetail, { case_version: version, ...reading }: SavedReading): CaseDetail {
  const others = detail.readings.filter(({ id }) => id !== reading.id);
  const readings = [...others, reading].sort((one, other) => one.number - other.number);
  return { ...detail, readings, version: Math.max(detail.version, version) };
}

function says(detail: CaseDetail, user: string, part: Part): boolean {
  const saved: object =
    part.image === null ? caseWords(detail, user, EMPTY_DRAFT) : imageWords(detail, user, EMPTY_DRAFT, part.image);
  return Object.entries(part.words).every(([name, value]) => saved[name as keyof typeof saved] === value);
}
