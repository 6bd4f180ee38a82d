import { plural } from "../admin/figures.ts";
import { share } from "../words.ts";
import { list, number, part, type RawCard, text, texts } from "./rawCard.ts";

/** A name and what there is to say of it. */
export type Line = readonly [name: string, value: string];

/** How the model did on images that took no part in its making. */
export interface HeldOut {
  readonly title: string;
  readonly sensitivity: string;
  readonly specificity: string;
  readonly auc: string;
  readonly accuracy: string;
}

/** A model's card in words, in the order in which a person should read it: what limits it before its figures. */
export interface CardInWords {
  readonly meaning: readonly Line[];
  readonly limits: readonly string[];
  readonly shortcuts: readonly string[];
  readonly answering: readonly Line[];
  readonly heldOut: readonly HeldOut[];
  readonly checks: readonly Line[];
  readonly training: readonly Line[];
}

export function cardInWords(card: RawCard): CardInWords {
  return {
    meaning: [
      ...line("Clinical meaning", text(card.clinical_meaning)),
      ...line("Intended use", text(card.intended_use)),
      ...line("Standing", text(card.research_use)),
    ],
    limits: texts(card.limits),
    shortcuts: texts(card.shortcuts),
    answering: answering(card),
    heldOut: list(card.held_out).map(heldOut),
    checks: checks(card),
    training: training(card),
  };
}

function answering(card: RawCard): Line[] {
  const threshold = number(card.threshold);
  const asked = number(part(card.threshold_choice).asked_sensitivity);
  const how = asked === null ? "set by hand" : `chosen on other images for a sensitivity of ${share(asked)}`;
  const band = part(card.abstain_band);
  const low = number(band.quantile_not_all);
  const high = number(band.quantile_all);
  const network = part(card.network);
  const size = number(part(card.preprocess).size);
  const outside = part(card.out_of_distribution);
  return [
    ...line("Suspicious from", threshold === null ? null : `a probability of ${share(threshold)} on, ${how}`),
    ...line(
      "Cannot say",
      low === null || high === null
        ? "never: the model always answers"
        : `between probabilities of ${bounds(low, 1 - high)}`,
    ),
    ...line("Unlike its training", text(outside.score) ?? "is never looked for"),
    ...line("Network", text(network.backbone)),
    ...line("Sees", size === null ? null : `images of ${String(size)} × ${String(size)} pixels`),
  ];
}

function bounds(one: number, other: number): string {
  return `${share(Math.min(one, other))} and ${share(Math.max(one, other))}`;
}

function heldOut(raw: unknown): HeldOut {
  const found = part(raw);
  const images = number(found.images) ?? 0;
  const groups = number(found.groups) ?? 0;
  const which = text(found.part) ?? "all";
  const measures = part(found.measures);
  return {
    title: `${which === "all" ? "All" : which}: ${plural(images, "image")} in ${plural(groups, "group")}`,
    sensitivity: estimate(measures.recall_all),
    specificity: estimate(measures.recall_not_all),
    auc: estimate(measures.roc_auc),
    accuracy: estimate(measures.accuracy),
  };
}

function checks(card: RawCard): Line[] {
  const colours = part(card.colours);
  const coverage = part(card.coverage);
  const flags = part(card.flag_rates);
  return [
    ...line("Colours alone reach", known(colours.balanced_accuracy, "a balanced accuracy of")),
    ...line("Warning", text(colours.warning)),
    ...line("Answers", known(coverage.answered, "on", "of the held-out images")),
    ...line("Wrong answers", known(coverage.wrong_answers, "on", "of the held-out images")),
    ...line("False alarms of “unlike its training”", known(flags.in_distribution, "on", "of the held-out images")),
    ...Object.entries(part(flags.probes)).map(([kind, rate]): Line => [`Finds ${kind}`, estimate(rate)]),
  ];
}

function training(card: RawCard): Line[] {
  const record = part(card.training);
  const images = number(record.images_trained_on);
  const epoch = number(record.chosen_epoch);
  const software = Object.entries(part(record.software)).map(([name, version]) => `${name} ${String(version)}`);
  return [
    ...line("Images", text(record.data)),
    ...line("Trained on", images === null ? null : plural(images, "image")),
    ...line("Chosen epoch", epoch === null ? null : String(epoch)),
    ...line("Digest of the data", text(record.data_digest)),
    ...line("Digest of the split", text(record.split_digest)),
    ...line("Software", software.length === 0 ? null : software.join(", ")),
  ];
}

/** A figure with its 95 % interval, which one group alone does not give; a dash where it was not measured. */
function estimate(raw: unknown): string {
  const { value, low, high } = part(raw);
  if (typeof value !== "number") {
    return "–";
  }
  const interval = typeof low === "number" && typeof high === "number" ? `${share(low)} to ${share(high)}` : "no interval";
  return `${share(value)} (${interval})`;
}

function known(raw: unknown, before: string, after = ""): string | null {
  const words = estimate(raw);
  return words === "–" ? null : [before, words, after].filter(Boolean).join(" ");
}

function line(name: string, value: string | null): Line[] {
  return value === null ? [] : [[name, value]];
}
