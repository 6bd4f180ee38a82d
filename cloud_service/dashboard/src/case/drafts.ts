import type { ImageFindingDraft, ReadingDraft } from "../api.gen.ts";

/** What the reader says of the whole case. */
export type CaseWords = Required<Omit<ReadingDraft, "version">>;
/** What the reader says of one image. */
export type ImageWords = Required<Omit<ImageFindingDraft, "version">>;

export const NOTHING_SAID: CaseWords = { verdict: null, reason: null, conclusion: null };
export const NOTHING_FOUND: ImageWords = { verdict: null, reason: null };

/** What the server does not have yet. Whatever is in it stays there until the server has confirmed it. */
export interface Draft {
  readonly reading: CaseWords | null;
  readonly findings: Readonly<Record<string, ImageWords>>;
}

export const EMPTY_DRAFT: Draft = { reading: null, findings: {} };

/** One thing to be sent. */
export type Part = { readonly words: CaseWords; readonly image: null } | { readonly words: ImageWords; readonly image: string };

export function isEmpty(draft: Draft): boolean {
  return nextPart(draft) === null;
}

/** What is to be sent next: images before the case, as a reader goes. */
export function nextPart({ reading, findings }: Draft): Part | null {
  const [first] = Object.entries(findings);
  if (first !== undefined) {
    return { image: first[0], words: first[1] };
  }
  return reading === null ? null : { image: null, words: reading };
}

/** The draft without what the server now has, unless it was changed while it was on its way. */
export function withoutPart(draft: Draft, { image, words }: Part): Draft {
  if (image === null) {
    return draft.reading === words ? { ...draft, reading: null } : draft;
  }
  if (draft.findings[image] !== words) {
    return draft;
  }
  return { ...draft, findings: Object.fromEntries(Object.entries(draft.findings).filter(([id]) => id !== image)) };
}

/** How a case stood on the server for the one who read it. */
export interface Standing {
  readonly version: number;
  /** The one who reads holds the case. */
  readonly mine: boolean;
}

/** A draft with how the case stood that its writer had before him. */
export interface KeptDraft extends Standing {
  readonly draft: Draft;
}

/** Where a draft outlives the page: this browser, under the case and the person. */
export interface Shelf {
  read(): KeptDraft | null;
  write(kept: KeptDraft): void;
}

export function browserShelf(user: string, caseId: string): Shelf {
  const key = `smearflow.draft.${user}.${caseId}`;
  return {
    read: () => {
      try {
        const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
        return isKeptDraft(kept) ? kept : null;
      } catch {
        return null;
      }
    },
    write: (kept) => {
      try {
        if (isEmpty(kept.draft)) {
          localStorage.removeItem(key);
        } else {
          localStorage.setItem(key, JSON.stringify(kept));
        }
      } catch {
        // A browser that keeps nothing holds the draft as long as the page; the server has it a second later.
      }
    },
  };
}

function isKeptDraft(value: unknown): value is KeptDraft {
  return (
    typeof value === "object" &&
    value !== null &&
    "version" in value &&
    typeof value.version === "number" &&
    "mine" in value &&
    typeof value.mine === "boolean" &&
    "draft" in value &&
    typeof value.draft === "object" &&
    value.draft !== null &&
    "reading" in value.draft &&
    "findings" in value.draft &&
    typeof value.draft.findings === "object"
  );
}
