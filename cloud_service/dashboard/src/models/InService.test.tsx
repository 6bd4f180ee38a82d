import { cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { InService } from "./InService.tsx";
import { aModel, history } from "./testModels.ts";
import { show } from "./testPage.tsx";

afterEach(cleanup);

const TIMELINE = history("*", ["a", "initial"], ["b", "promotion"]);

test("one is offered to go back only when it is known which models were rejected", async () => {
  await show(<InService timeline={TIMELINE} models={undefined} />);
  expect(document.body.textContent).toContain("se-cnn b");
  expect(screen.queryByRole("button")).toBeNull();
  cleanup();

  await show(<InService timeline={TIMELINE} models={[aModel({ version: "a" }), aModel({ version: "b" })]} />);
  expect(screen.getByRole("button", { name: "Roll back All sites" })).toBeDefined();
});
