import { plural } from "../../admin/figures.ts";
import type {
  AugmentationPreset,
  CornerMask,
  DatasetView,
  NetworkSettings,
  RecipeDraft,
  RecipeSettings,
  TrainingSettings,
} from "../../api.gen.ts";

export type NetworkChoice = "se-cnn" | "plain-cnn" | "resnet34" | "densenet121";

export const NETWORKS: Record<NetworkChoice, string> = {
  "se-cnn": "SE-CNN",
  "plain-cnn": "The same without squeeze-and-excitation",
  resnet34: "ResNet-34, larger and slower",
  densenet121: "DenseNet-121, larger and slower",
};

export const AUGMENTATIONS: Record<AugmentationPreset, string> = {
  modern: "Any angle, mirrored, other scale, stain and light",
  square: "Quarter turns, mirrored, other stain and light",
  paper: "As published: turned by 60° and 90°, shifted by a pixel",
  none: "None",
};

export const SCHEDULES: Record<TrainingSettings["schedule"], string> = {
  cosine: "falls to zero at the end",
  constant: "stays the same",
};

export const SIZES: readonly number[] = [64, 112, 160, 224, 320, 448];

type Corner = CornerMask["corners"][number];

export const CORNERS: Record<Corner, string> = {
  "bottom-right": "Bottom right",
  "bottom-left": "Bottom left",
  "top-right": "Top right",
  "top-left": "Top left",
};

/** A scale bar or a stamp mostly lies within these shares of the width and height. */
const COVERED = { width: 0.3, height: 0.12 };

export function networkOf({ backbone, squeeze_excitation }: NetworkSettings): NetworkChoice {
  if (backbone !== "se-cnn") {
    return backbone;
  }
  return squeeze_excitation ? "se-cnn" : "plain-cnn";
}

/**
 * Settings with another network. All but the backbone concern the SE-CNN alone, so the larger ones take them as
 * `untouched` has them; anything else is refused.
 */
export function withNetwork(settings: RecipeSettings, choice: NetworkChoice, untouched: NetworkSettings): RecipeSettings {
  switch (choice) {
    case "se-cnn":
    case "plain-cnn": {
      const base = settings.network.backbone === "se-cnn" ? settings.network : untouched;
      return { ...settings, network: { ...base, backbone: "se-cnn", squeeze_excitation: choice === "se-cnn" } };
    }
    default:
      return { ...settings, network: { ...untouched, backbone: choice } };
  }
}

/** Settings with images of another size; files are decoded no smaller than that. */
export function withSize(settings: RecipeSettings, size: number): RecipeSettings {
  const edge = settings.preprocess.draft_edge;
  return { ...settings, preprocess: { ...settings.preprocess, size, draft_edge: edge === null ? null : Math.max(edge, size) } };
}

export function withTraining(settings: RecipeSettings, changes: Partial<TrainingSettings>): RecipeSettings {
  return { ...settings, training: { ...settings.training, ...changes } };
}

/** Settings with a corner covered or not; what was said of the corner's size stays. */
export function withCorner(settings: RecipeSettings, corner: Corner, isCovered: boolean): RecipeSettings {
  const mask = settings.preprocess.corner_mask ?? { ...COVERED, corners: [], fill: [255, 255, 255] };
  const corners = isCovered ? [...mask.corners, corner] : mask.corners.filter((one) => one !== corner);
  return { ...settings, preprocess: { ...settings.preprocess, corner_mask: corners.length === 0 ? null : { ...mask, corners } } };
}

/** The data sets of a name that may be trained on, the newest version first. */
export interface Offered {
  readonly name: string;
  readonly versions: readonly DatasetView[];
}

/** What there is to train on: no locked test sets, and nothing that is removed. */
export function offered(datasets: readonly DatasetView[]): Offered[] {
  const usable = datasets.filter(({ purpose, removed_at }) => purpose === "training" && removed_at === null);
  return [...new Set(usable.map(({ name }) => name))].map((name) => ({
    name,
    versions: usable.filter((one) => one.name === name).sort((one, other) => other.number - one.number),
  }));
}

/** Of the versions chosen those that may still be trained on: one may have been removed meanwhile. */
export function stillOffered(offers: readonly Offered[], chosen: readonly string[]): string[] {
  const ids = new Set(offers.flatMap(({ versions }) => versions.map(({ id }) => id)));
  return chosen.filter((id) => ids.has(id));
}

/** The versions chosen, one a name at most, in words: "1,200 images, 300 with ALL". */
export function chosenInWords(chosen: readonly DatasetView[]): string {
  const images = chosen.reduce((sum, one) => sum + one.images, 0);
  const positives = chosen.reduce((sum, one) => sum + one.positives, 0);
  return `${plural(images, "image")}, ${positives.toLocaleString("en")} with ALL`;
}

/** What is sent; null as long as something is missing or no number. */
export function draftOf(settings: RecipeSettings, datasets: readonly string[]): RecipeDraft | null {
  const numbers = Object.values(settings.training).filter((value) => typeof value === "number");
  return datasets.length === 0 || numbers.some(Number.isNaN) ? null : { ...settings, datasets: [...datasets] };
}

/** What a recipe says, by name. */
export function settingsInWords({ network, preprocess, training, allow_leaks }: RecipeSettings): [name: string, value: string][] {
  const { epochs, patience, batch_size, learning_rate, schedule, augmentation, validation_share, test_share, seed } = training;
  return [
    ["Network", NETWORKS[networkOf(network)]],
    ["Image size", `${String(preprocess.size)} pixels`],
    ["Covered corners", preprocess.corner_mask?.corners.map((corner) => CORNERS[corner].toLowerCase()).join(", ") ?? "none"],
    ["Epochs", patience === 0 ? `at most ${String(epochs)}` : `at most ${String(epochs)}, ends after ${String(patience)} without progress`],
    ["Batch", plural(batch_size, "image")],
    ["Learning rate", `${String(learning_rate)}, ${SCHEDULES[schedule]}`],
    ["Augmentation", typeof augmentation === "string" ? AUGMENTATIONS[augmentation] : "of its own"],
    ["Split", `${share(validation_share)} to validate, ${share(test_share)} held out`],
    ["Seed", String(seed)],
    ...(allow_leaks ? [["Leaks", "allowed"] as [string, string]] : []),
  ];
}

function share(value: number): string {
  return `${String(Number((100 * value).toFixed(1)))} %`;
}
