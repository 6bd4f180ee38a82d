import { list, number, part, type RawCard, text, texts } from "./rawCard.ts";

/** What a clinician needs to know of a model before reading its answers. */
export interface CardSummary {
  /** What an answer means, in the card's own words. */
  readonly meaning: string | null;
  /** How often it is right and wrong, in whole images of a hundred; none where the card gives no figures. */
  readonly figures: readonly string[];
  /** On what the figures rest. */
  readonly ground: string | null;
  readonly limits: readonly string[];
}

export function summaryOf(card: RawCard): CardSummary {
  const heldOut = part(list(card.held_out).find((one) => part(one).part === "all") ?? list(card.held_out)[0]);
  const measures = part(heldOut.measures);
  const answered = shareOf(part(card.coverage).answered);
  return {
    meaning: text(card.clinical_meaning),
    figures: [
      ...sentence(shareOf(measures.recall_all), (count) => `Of 100 images with ALL it calls ${count} suspicious.`),
      ...sentence(opposite(shareOf(measures.recall_not_all)), (count) => `Of 100 images without ALL it calls ${count} suspicious all the same.`),
      ...sentence(opposite(answered), (count) => `On ${count} of 100 images it says that it cannot tell.`),
    ],
    ground: ground(number(heldOut.images), number(heldOut.images_with_all), number(heldOut.groups)),
    limits: texts(card.limits),
  };
}

interface Share {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

function shareOf(raw: unknown): Share | null {
  const { value, low, high } = part(raw);
  return typeof value === "number" ? { value, low: number(low), high: number(high) } : null;
}

function opposite(share: Share | null): Share | null {
  if (share === null) {
    return null;
  }
  const turned = (one: number | null) => (one === null ? null : 1 - one);
  return { value: 1 - share.value, low: turned(share.high), high: turned(share.low) };
}

function sentence(share: Share | null, words: (count: string) => string): string[] {
  return share === null ? [] : [words(ofHundred(share))];
}

/** "about 98 (95 to 100)": whole images, which people weigh better than percentages. */
function ofHundred({ value, low, high }: Share): string {
  const whole = (one: number) => String(Math.round(100 * one));
  const range = low === null || high === null ? "" : ` (${whole(low)} to ${whole(high)})`;
  return `about ${whole(value)}${range}`;
}

function ground(images: number | null, withAll: number | null, groups: number | null): string | null {
  if (images === null) {
    return null;
  }
  const parts = [withAll === null ? null : `${String(withAll)} with ALL`, groups === null ? null : `from ${String(groups)} patients or smears`];
  const told = parts.filter((one) => one !== null);
  return `Measured on ${String(images)} images that took no part in its training${told.length === 0 ? "" : ` (${told.join(", ")})`}; other stains, cameras and patients may give other figures.`;
}
