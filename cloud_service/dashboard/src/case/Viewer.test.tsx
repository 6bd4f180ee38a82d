import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { anAnalysed } from "../captures/testCaptures.ts";
import type { Listener } from "./deepZoom.ts";
import { Viewer } from "./Viewer.tsx";

const showAgain = vi.fn();
let listener: Listener;

vi.mock("./deepZoom.ts", () => ({
  isCopyOnly: () => false,
  DeepZoom: class {
    readonly show = vi.fn();
    readonly showAgain = showAgain;
    readonly setAttention = vi.fn();
    readonly destroy = vi.fn();

    constructor(_element: HTMLElement, told: Listener) {
      listener = told;
    }
  },
}));

afterEach(cleanup);

test("an image that could not be shown is loaded again on demand", () => {
  const image = anAnalysed(1, 0.93);
  const onShown = vi.fn();
  render(<Viewer image={image} onShown={onShown} onFailed={vi.fn()} />);
  act(() => {
    listener.onFailed(image.id);
  });
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(showAgain).toHaveBeenCalledTimes(1);
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByText("Loading the image…")).toBeDefined();

  act(() => {
    listener.onShown(image.id);
  });
  expect(onShown).toHaveBeenCalledWith(image.id);
});
