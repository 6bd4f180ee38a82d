import { describe, expect, test } from "vitest";

import { aModel, at, history } from "./testModels.ts";
import { inService, modelBefore, pictureOf } from "./timeline.ts";

const NOW = new Date("2026-11-25T10:00:00Z");

function versionOf(found: ReturnType<typeof modelBefore>) {
  return found === null || found === "everywhere" ? found : found.model_version;
}

describe("the model that a rollback goes to", () => {
  const three = history("*", ["a", "initial"], ["b", "promotion"], ["c", "promotion"]);

  test("is the one before, and after a rollback the one before that", () => {
    expect(versionOf(modelBefore(three, "*", []))).toBe("b");
    const back = history("*", ["a", "initial"], ["b", "promotion"], ["c", "promotion"], ["b", "rollback"]);
    expect(versionOf(modelBefore(back, "*", []))).toBe("a");
    const again = history("*", ["a", "initial"], ["b", "promotion"], ["a", "rollback"], ["c", "promotion"]);
    expect(versionOf(modelBefore(again, "*", []))).toBe("a");
  });

  test("is never one that was rejected", () => {
    expect(versionOf(modelBefore(three, "*", [aModel({ version: "b", state: "rejected" }), aModel({ version: "a", state: "retired" })]))).toBe("a");
  });

  test("is for a site's first own model that of all sites, and there is none before the very first", () => {
    const site = history("north", ["c", "promotion"]);
    expect(modelBefore([...site, ...three], "north", [])).toBe("everywhere");
    expect(modelBefore(site, "north", [])).toBeNull();
    expect(modelBefore(history("*", ["a", "initial"]), "*", [])).toBeNull();
  });

  test("is never one that a site had before it gave its own model up", () => {
    const [last, gaveUp, ...first] = history("north", ["b", "promotion"], ["c", "promotion"], ["a", "rollback"], ["d", "promotion"]);
    const site = [last, gaveUp && { ...gaveUp, until_at: gaveUp.from_at }, ...first].filter((one) => one !== undefined);
    expect(modelBefore([...site, ...three], "north", [])).toBe("everywhere");
    expect(modelBefore(site, "north", [])).toBeNull();
  });
});

describe("the picture of the timeline", () => {
  test("has a lane for each scope, all sites first, and its stretches in shares of the whole time", () => {
    const picture = pictureOf([...history("north", ["c", "promotion"]), ...history("*", ["a", "initial"], ["b", "promotion"])], NOW);

    expect(picture?.from).toBe(at(0));
    expect(picture?.lanes.map(({ scope }) => scope)).toEqual(["*", "north"]);
    const shares = picture?.lanes[0]?.stretches.map(({ from, width, isOdd }) => [from, Number(width.toFixed(6)), isOdd]);
    expect(shares).toEqual([
      [0, 0.1, false],
      [0.1, 0.9, true],
    ]);
  });

  test("leaves out what ended at once, and is none where nothing was in service", () => {
    const [first] = history("north", ["c", "promotion"]);
    expect(pictureOf([], NOW)).toBeNull();
    expect(first && pictureOf([{ ...first, until_at: first.from_at }], NOW)).toBeNull();
  });

  test("what is in service now is listed with that of all sites first", () => {
    const all = [...history("north", ["c", "promotion"]), ...history("*", ["a", "initial"], ["b", "promotion"])];
    expect(inService(all).map(({ scope, model_version }) => [scope, model_version])).toEqual([
      ["*", "b"],
      ["north", "c"],
    ]);
  });
});
