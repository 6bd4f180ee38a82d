import type { DatasetView, RecipePreset, RecipeSettings, RecipeView } from "../api.gen.ts";

/** The settings of a recipe, for tests. */
export function someSettings(): RecipeSettings {
  return {
    description: "",
    preset: "modern",
    allow_leaks: false,
    network: { backbone: "se-cnn", filters: [32, 64, 128], squeeze_excitation: true, reduction: 16, pooling_stride: 2, hidden_units: 128 },
    preprocess: {
      version: 1,
      size: 112,
      draft_edge: 448,
      resize_filter: "bilinear",
      border: "squash",
      border_fill: [255, 255, 255],
      corner_mask: null,
      stain_normalisation: null,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
    training: {
      epochs: 30,
      patience: 0,
      batch_size: 16,
      learning_rate: 0.001,
      schedule: "cosine",
      warm_up: 0.05,
      averaging: 0.98,
      batch_norm_images: 256,
      balanced: true,
      augmentation: "modern",
      offline_not_all: 0,
      offline_all: 0,
      validation_share: 0.15,
      validation_from: "groups",
      test_share: 0.2,
      seed: 1,
      threads: 2,
      device: "auto",
      mixed_precision: true,
    },
  };
}

export function aPreset(): RecipePreset {
  return { name: "modern", title: "Steady", description: "Begin with this one.", settings: someSettings() };
}

/** A version of a recipe that is trained on the first version of "cells". */
export function aRecipe(changes: Partial<RecipeView> = {}): RecipeView {
  const cells = { id: "1", name: "cells", number: 1, digest: "a".repeat(64) };
  return {
    id: "r",
    name: "ALL",
    number: 1,
    document: { ...someSettings(), schema_version: 1, datasets: [cells] },
    created_by: "admin",
    created_at: "2026-11-22T09:00:00Z",
    ...changes,
  };
}

/** A version of the data set "cells". */
export function aDataset(changes: Partial<DatasetView> = {}): DatasetView {
  return {
    id: "1",
    name: "cells",
    number: 1,
    purpose: "training",
    site: null,
    digest: "a".repeat(64),
    images: 1200,
    positives: 300,
    groups: 60,
    created_by: "admin",
    created_at: "2026-11-22T09:00:00Z",
    removed_by: null,
    removed_at: null,
    ...changes,
  };
}
