import { cleanup } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { show } from "./testPage.tsx";
import { Timeline } from "./Timeline.tsx";

afterEach(cleanup);

test("where nothing was in service, it is said of what", async () => {
  await show(<Timeline timeline={[]} nothing="It was never in service." />);
  expect(document.body.textContent).toContain("It was never in service.");
});
