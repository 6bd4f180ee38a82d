import { cleanup } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import type { ImpactEntry } from "../api.gen.ts";
import { Impact } from "./Impact.tsx";
import { at } from "./testModels.ts";
import { show } from "./testPage.tsx";

afterEach(cleanup);

test("of a case whose images are known it is said where they are, not that this model learned from them", async () => {
  const entry: ImpactEntry = {
    case_id: "11111111-1111-4111-8111-111111111111",
    site: "north",
    signed_at: at(0),
    verdict: "suspicious",
    change: "missed",
    champion_answer: "suspicious",
    challenger_answer: "no_blast_features",
    images: [],
    trained_on: true,
  };
  await show(<Impact cases={[entry]} summary={null} challenger="se-cnn 2026.2" champion="se-cnn 2026.1" />);

  expect(document.body.textContent).toContain("; images of this case are in a data set for training");
});
