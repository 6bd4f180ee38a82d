import { expect, test } from "vitest";

import { aJob, anEpoch, someProgress } from "../testJobs.ts";
import { bestEpoch, curvesInWords, figuresNow, progressInWords, shareDone, stateInWords, subjectOf, timeLeft, tookSeconds } from "./words.ts";

test("a share is of all epochs where there are any, else of the phase", () => {
  expect(shareDone(someProgress({ epoch: 3, epochs: 10, done: 20, total: 40 }))).toBe(0.25);
  expect(shareDone(someProgress({ epoch: 3, epochs: 10 }))).toBe(0.3);
  expect(shareDone(someProgress({ epoch: 10, epochs: 10, done: 40, total: 40 }))).toBe(0.99);
  expect(shareDone(someProgress({ phase: "Measuring and packing", epoch: 10, epochs: 10 }))).toBe(0.99);
  expect(shareDone(someProgress({ done: 30, total: 40 }))).toBe(0.75);
  expect(shareDone(someProgress({ done: 50, total: 40 }))).toBe(1);
  expect(shareDone(someProgress({ done: 30 }))).toBeNull();
  expect(shareDone(someProgress({ done: 0, total: 0 }))).toBeNull();
});

test("a share never falls: not at the end of an epoch, and not from what comes before the first one", () => {
  const told = [
    someProgress({ phase: "Fetching images", done: 40, total: 40, epochs: 10 }),
    someProgress({ phase: "Reading images", done: 40, total: 40, epochs: 10 }),
    someProgress({ epoch: 1, epochs: 10, done: 20, total: 40 }),
    someProgress({ phase: "Validating", epoch: 1, epochs: 10, done: 40, total: 40 }),
    someProgress({ epoch: 1, epochs: 10 }),
    someProgress({ epoch: 2, epochs: 10, done: 20, total: 40 }),
  ];

  expect(told.map(shareDone)).toEqual([null, null, 0.05, 0.1, 0.1, 0.15]);
});

test("progress names what is done and how far that is", () => {
  expect(progressInWords(someProgress({ phase: "Training", epoch: 3, epochs: 30, done: 1200, total: 4000 }))).toBe(
    "Training, epoch 3 of 30, 1,200 of 4,000",
  );
  expect(progressInWords(someProgress({ phase: "Reading images", done: 7 }))).toBe("Reading images, 7");
  expect(timeLeft(someProgress({ seconds_left: 95 }))).toBe("about 1 min 35 s left");
  expect(timeLeft(someProgress({ seconds_left: 0.2 }))).toBe("about 1 s left");
  expect(timeLeft(someProgress({ seconds_left: 0 }))).toBeNull();
  expect(timeLeft(someProgress())).toBeNull();
});

test("the figures of the moment have names and units", () => {
  const metrics = { validation_accuracy: 0.9312, validation_loss: 0.19312 };

  expect(figuresNow(someProgress({ loss: 0.2345, images_per_second: 61.4, metrics }))).toEqual([
    ["Loss now", "0.234"],
    ["Validation accuracy", "93.1 %"],
    ["Validation loss", "0.193"],
    ["Speed", "61 images/s"],
  ]);
  expect(figuresNow(someProgress())).toEqual([]);
});

test("a job that somebody ends says so until it has ended", () => {
  expect(stateInWords(aJob({ state: "running", is_cancelling: true })).word).toBe("Being cancelled");
  expect(stateInWords(aJob({ state: "cancelled" })).word).toBe("Cancelled");
  expect(subjectOf(aJob({ subject_name: null, subject: "0123456789abcdef" }))).toBe("0123456789ab");
});

test("a job took from its first attempt to its end, or takes until now", () => {
  const started_at = "2026-11-22T09:00:00Z";

  expect(tookSeconds(aJob({ started_at, ended_at: "2026-11-22T09:01:30Z" }), new Date())).toBe(90);
  expect(tookSeconds(aJob({ started_at }), new Date("2026-11-22T09:00:10Z"))).toBe(10);
  expect(tookSeconds(aJob({ started_at }), new Date("2026-11-22T08:59:58Z"))).toBe(0);
  expect(tookSeconds(aJob(), new Date())).toBeNull();
});

test("the curves are told in words, with the epoch of the lowest validation loss", () => {
  const epochs = [anEpoch(1, 0.6), anEpoch(2, 0.3), anEpoch(3, 0.4)];

  expect(bestEpoch(epochs)?.epoch).toBe(2);
  expect(curvesInWords(epochs)).toBe(
    "3 epochs: the last had a validation loss of 0.400 and an accuracy of 80.0 %; the lowest validation loss was 0.300, in epoch 2.",
  );
  expect(curvesInWords([])).toBe("The first epoch has not ended yet.");
});
