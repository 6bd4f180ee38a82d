import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { aCase } from "../worklist/testCases.ts";
import { ageWords } from "./Age.tsx";
import { CaseFinding } from "./CaseFinding.tsx";
import { CaseStanding } from "./CaseStanding.tsx";

afterEach(cleanup);

test("the finding is told in words, with its probability and a sign", () => {
  const { container } = render(<CaseFinding finding={aCase(1, { doubted_images: 2, failed_images: 1 })} />);

  expect(container.textContent).toBe("Suspicious: blast features seen in 1 of 3 images93 %2 doubted, 1 failed");
  expect(container.querySelector("svg")).not.toBeNull();
});

test("where the model cannot say, it is told why, and no probability is shown", () => {
  const found = aCase(1, {
    answer: "cannot_say",
    wording: "The model cannot say: 3 images",
    reasons: ["The model could judge no image.", "More."],
    probability: 0.9,
  });
  const { container } = render(<CaseFinding finding={found} />);

  expect(container.textContent).toBe("The model cannot say: 3 imagesThe model could judge no image.");
});

test("a case says who holds it, what is asked for and what came since", () => {
  const held = aCase(1, { state: "claimed", held_by: "h.meier", second_read: true });
  const signed = aCase(2, { state: "signed", signed_by: "k.osei", images_since_signature: 2 });
  render(
    <>
      <CaseStanding of={held} me="h.meier" />
      <CaseStanding of={signed} me="h.meier" />
    </>,
  );

  expect(screen.getByText("Claimed").parentElement?.textContent).toBe("ClaimedyouSecond read");
  expect(screen.getByText("Signed").parentElement?.textContent).toBe("Signedby k.osei2 new since signed");
});

test.each([
  [30_000, "now"],
  [12 * 60_000, "12 min"],
  [200 * 60_000, "3 h 20 min"],
  [9.5 * 3_600_000, "9 h"],
  [52 * 3_600_000, "2 d 4 h"],
  [12.5 * 86_400_000, "12 d"],
])("%d ms are %s", (ms, words) => {
  expect(ageWords(ms)).toBe(words);
});
