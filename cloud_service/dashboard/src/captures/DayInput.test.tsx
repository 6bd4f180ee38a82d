import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { DayInput } from "./DayInput.tsx";

const onChoose = vi.fn();
const onClear = vi.fn();

afterEach(() => {
  cleanup();
  vi.clearAllMocks();
});

function open(): HTMLInputElement {
  render(<DayInput aria-label="Date" day="2025-11-22" onChoose={onChoose} onClear={onClear} />);
  return screen.getByLabelText<HTMLInputElement>("Date");
}

function type(field: HTMLInputElement, value: string): void {
  fireEvent.change(field, { target: { value } });
}

test("a year that is typed digit by digit stays, and the day is told once it is one", () => {
  const field = open();
  for (const value of ["0002-11-22", "0020-11-22", "0202-11-22"]) {
    type(field, value);
    expect(field.value).toBe(value);
  }
  expect(onChoose).not.toHaveBeenCalled();

  type(field, "2026-11-22");
  expect(onChoose).toHaveBeenCalledExactlyOnceWith("2026-11-22");
});

test("what came to no day is forgotten when the field is left", () => {
  const field = open();
  type(field, "0002-11-22");
  fireEvent.blur(field);

  expect(field.value).toBe("2025-11-22");
  expect(onClear).not.toHaveBeenCalled();
});

test("an emptied field says so", () => {
  type(open(), "");

  expect(onClear).toHaveBeenCalledOnce();
});
