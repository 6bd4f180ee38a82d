import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { SearchField } from "./Filters.tsx";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const field = () => screen.getByRole<HTMLInputElement>("searchbox");

function type(text: string) {
  fireEvent.change(field(), { target: { value: text } });
}

test("what is typed while the address takes the search over is not lost", () => {
  const ask = vi.fn();
  const { rerender } = render(<SearchField typed="" onChange={ask} />);
  type("smear ");
  act(() => {
    vi.advanceTimersByTime(300);
  });
  expect(ask).toHaveBeenCalledWith({ search: "smear" });

  type("smear 7");
  rerender(<SearchField typed="smear" onChange={ask} />);

  expect(field().value).toBe("smear 7");
});

test("a search that comes by another way stands in the field", () => {
  const { rerender } = render(<SearchField typed="" onChange={vi.fn()} />);
  type("smear");
  act(() => {
    vi.advanceTimersByTime(300);
  });
  rerender(<SearchField typed="smear" onChange={vi.fn()} />);

  rerender(<SearchField typed="" onChange={vi.fn()} />);
  expect(field().value).toBe("");
  rerender(<SearchField typed="smear" onChange={vi.fn()} />);
  expect(field().value).toBe("smear");
});
