import { expect, test } from "vitest";

import { aDataset, aPreset, aRecipe, someSettings } from "../testRecipes.ts";
import { begun } from "./beginning.ts";
import { draftOf, offered, settingsInWords, stillOffered, withCorner, withNetwork, withSize, withTraining } from "./settings.ts";

test("a larger network takes no setting of the SE-CNN, and the way back begins from untouched ones", () => {
  const untouched = someSettings().network;
  const narrow = { ...someSettings(), network: { ...untouched, filters: [16, 32, 64] as [number, number, number] } };

  const larger = withNetwork(narrow, "resnet34", untouched);
  expect(larger.network).toEqual({ ...untouched, backbone: "resnet34" });
  expect(withNetwork(narrow, "plain-cnn", untouched).network).toMatchObject({ filters: [16, 32, 64], squeeze_excitation: false });
  expect(withNetwork(larger, "se-cnn", untouched).network).toEqual(untouched);
});

test("files are never decoded smaller than the network's input", () => {
  expect(withSize(someSettings(), 320).preprocess).toMatchObject({ size: 320, draft_edge: 448 });
  expect(withSize(someSettings(), 512).preprocess).toMatchObject({ size: 512, draft_edge: 512 });
});

test("a corner is covered and uncovered; without any there is no mask", () => {
  const covered = withCorner(someSettings(), "bottom-right", true);

  expect(covered.preprocess.corner_mask?.corners).toEqual(["bottom-right"]);
  expect(settingsInWords(covered)).toContainEqual(["Covered corners", "bottom right"]);
  expect(withCorner(covered, "bottom-right", false).preprocess.corner_mask).toBeNull();
});

test("what is offered is for training and still there, the newest version first", () => {
  const datasets = [
    aDataset({ id: "1", number: 1 }),
    aDataset({ id: "3", number: 3, removed_at: "2026-11-22T09:00:00Z" }),
    aDataset({ id: "2", number: 2 }),
    aDataset({ id: "l", name: "locked", purpose: "locked-test" }),
  ];

  expect(offered(datasets).map(({ name, versions }) => [name, versions.map(({ id }) => id)])).toEqual([["cells", ["2", "1"]]]);
});

test("of what was chosen a version that was removed meanwhile is let go", () => {
  const datasets = [aDataset({ id: "1", number: 1 }), aDataset({ id: "2", name: "others", removed_at: "2026-11-22T09:00:00Z" })];

  expect(stillOffered(offered(datasets), ["1", "2"])).toEqual(["1"]);
});

test("nothing is sent without data, or where a field is empty", () => {
  expect(draftOf(someSettings(), [])).toBeNull();
  expect(draftOf(withTraining(someSettings(), { epochs: NaN }), ["1"])).toBeNull();
  expect(draftOf(someSettings(), ["1"])).toEqual({ ...someSettings(), datasets: ["1"] });
});

test("a form begins from the first preset, with the only data set and a free name", () => {
  const datasets = [aDataset({ id: "1", number: 1 }), aDataset({ id: "2", number: 2 })];

  expect(begun([aPreset()], [], datasets, null)).toEqual({ name: "ALL", settings: aPreset().settings, datasets: ["2"] });
  expect(begun([aPreset()], [aRecipe({ name: "ALL" })], [], null)).toMatchObject({ name: "ALL 2", datasets: [] });
});

test("a form begins from a former version with the newest versions of its data sets", () => {
  const former = aRecipe({ name: "north" });
  const datasets = [aDataset({ id: "1", number: 1 }), aDataset({ id: "2", number: 2 })];

  const { name, settings, datasets: chosen } = begun([aPreset()], [former], datasets, former);
  expect([name, chosen]).toEqual(["north", ["2"]]);
  expect(settings).toEqual(someSettings());
  expect(settings).not.toHaveProperty("schema_version");
});
