import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { Secret } from "./Secret.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function copyBy(writeText: (text: string) => Promise<void>): void {
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  render(<Secret name="Password" secret="four rare words" />);
  fireEvent.click(screen.getByRole("button", { name: "Copy" }));
}

test("a secret is shown, and copied by its button", async () => {
  const copied: string[] = [];
  copyBy((text) => {
    copied.push(text);
    return Promise.resolve();
  });

  expect(screen.getByLabelText("Password").textContent).toBe("four rare words");
  expect(await screen.findByText(/^Copied\./)).toBeDefined();
  expect(copied).toEqual(["four rare words"]);
});

test("where the browser refuses to copy, it says what to do instead", async () => {
  copyBy(() => Promise.reject(new Error("not allowed")));

  expect(await screen.findByText(/select the text and copy it yourself/)).toBeDefined();
});
