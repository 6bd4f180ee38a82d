import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { ResearchNotice } from "./ResearchNotice.tsx";

afterEach(cleanup);

test("the notice says who may make a diagnosis", () => {
  render(<ResearchNotice />);

  const text = screen.getByRole("note").textContent;
  expect(text).toContain("For research use only");
  expect(text).toContain("only a person signs a diagnosis");
});
