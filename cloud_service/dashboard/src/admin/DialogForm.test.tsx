import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { type Deed, DialogForm } from "./DialogForm.tsx";

afterEach(cleanup);

function show(deed: Partial<Deed>) {
  const onClose = vi.fn();
  render(
    <DialogForm title="Add a user" action="Add user" doing="Adding…" deed={{ isPending: false, error: null, mutate: vi.fn(), ...deed }} onClose={onClose}>
      <p>Who is it?</p>
    </DialogForm>,
  );
  return onClose;
}

function close(): void {
  fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
}

test("a form is closed by its button and by Escape", () => {
  const onClose = show({});
  close();

  expect(onClose).toHaveBeenCalledTimes(2);
});

test("it stays while its deed is done, since to close it would not end that", () => {
  const onClose = show({ isPending: true });
  close();

  expect(onClose).not.toHaveBeenCalled();
  expect(screen.queryByRole("button", { name: "Close" })).toBeNull();
});

test("a deed that ends with its form can be ended", () => {
  const onClose = show({ isPending: true, endsWithForm: true });
  close();

  expect(onClose).toHaveBeenCalledTimes(2);
});
