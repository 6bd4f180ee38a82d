import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ShortcutHelp } from "./ShortcutHelp.tsx";
import { onKey, ownKeys } from "./shortcuts.ts";
import { useShortcut } from "./useShortcut.ts";

const NEXT = { id: "case.next", words: "Next image", group: "Case", key: "n" };
const run = vi.fn();

function Page({ enabled = true, repeats = false, helping = false }) {
  useShortcut({ ...NEXT, repeats }, run, { enabled });
  useShortcut({ ...NEXT, id: "case.save", words: "Save", key: "Ctrl+s" }, run);
  return (
    <>
      <input aria-label="Reason" />
      <ShortcutHelp open={helping} onClose={vi.fn()} />
    </>
  );
}

async function closed() {
  await vi.waitFor(() => {
    expect(screen.queryByRole("dialog")).toBeNull();
  });
}

beforeEach(() => {
  document.addEventListener("keydown", onKey);
});

afterEach(() => {
  cleanup();
  document.removeEventListener("keydown", onKey);
  ownKeys.set({});
  run.mockReset();
});

test("a key runs its shortcut, unless somebody types or it is not offered", () => {
  const { rerender } = render(<Page />);
  fireEvent.keyDown(document.body, { key: "n" });
  expect(run).toHaveBeenCalledTimes(1);

  fireEvent.keyDown(document.body, { key: "n", ctrlKey: true });
  fireEvent.keyDown(screen.getByLabelText("Reason"), { key: "n" });
  expect(run).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(screen.getByLabelText("Reason"), { key: "s", ctrlKey: true });
  expect(run).toHaveBeenCalledTimes(2);

  rerender(<Page enabled={false} />);
  fireEvent.keyDown(document.body, { key: "n" });
  expect(run).toHaveBeenCalledTimes(2);
});

test("a key that is held down runs its shortcut once, unless that moves", () => {
  const { rerender } = render(<Page />);
  fireEvent.keyDown(document.body, { key: "n" });
  fireEvent.keyDown(document.body, { key: "n", repeat: true });
  expect(run).toHaveBeenCalledTimes(1);

  rerender(<Page repeats />);
  fireEvent.keyDown(document.body, { key: "n", repeat: true });
  expect(run).toHaveBeenCalledTimes(2);
});

test("no key acts on what lies behind a window or a menu", async () => {
  const { rerender } = render(<Page helping />);
  fireEvent.keyDown(screen.getByRole("dialog"), { key: "n" });
  fireEvent.keyDown(document.body, { key: "n" });
  expect(run).not.toHaveBeenCalled();

  rerender(<Page />);
  await closed();
  fireEvent.keyDown(document.body, { key: "n" });
  expect(run).toHaveBeenCalledTimes(1);

  render(<div role="menu" />);
  fireEvent.keyDown(document.body, { key: "n" });
  expect(run).toHaveBeenCalledTimes(1);
});

test("the help lists every shortcut, gives it another key, switches it off, and sets all back", async () => {
  const { rerender } = render(<Page helping />);
  const press = async (key: string) => {
    rerender(<Page />);
    await closed();
    fireEvent.keyDown(document.body, { key });
    rerender(<Page helping />);
  };
  fireEvent.click(screen.getByRole("button", { name: "N: change the key for “Next image”" }));
  fireEvent.keyDown(document.body, { key: "ArrowRight" });
  expect(run).not.toHaveBeenCalled();
  expect(localStorage.getItem("smearflow.shortcuts")).toBe('{"case.next":"ArrowRight"}');
  await press("n");
  expect(run).not.toHaveBeenCalled();
  await press("ArrowRight");
  expect(run).toHaveBeenCalledTimes(1);

  fireEvent.click(screen.getByRole("button", { name: "→: change the key for “Next image”" }));
  fireEvent.keyDown(document.body, { key: "Delete" });
  expect(screen.getByRole("button", { name: "off: change the key for “Next image”" })).toBeDefined();

  fireEvent.click(screen.getByRole("button", { name: "Set all back" }));
  await press("n");
  expect(run).toHaveBeenCalledTimes(2);
});
