import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { Refusals } from "./Refusals.tsx";

afterEach(cleanup);

test("whether messages were refused is said in an administrator's words", () => {
  const { rerender } = render(<Refusals refusals={{ total: 0, refusals: [] }} />);
  expect(screen.getByText("No message was refused")).toBeDefined();

  const refusal = { topic: "smearflow/1/north", reason: "no JSON", count: 1, first_at: "2026-11-22T09:00:00Z", last_at: "2026-11-22T09:00:00Z" };
  rerender(<Refusals refusals={{ total: 1, refusals: [refusal] }} />);
  expect(screen.getByText("1 message was refused")).toBeDefined();

  rerender(<Refusals refusals={{ total: 2, refusals: [{ ...refusal, count: 2 }] }} />);
  expect(screen.getByText("2 messages were refused")).toBeDefined();
});
