import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import type { WorkerHealth } from "../../api.gen.ts";
import { EngineNotes } from "./EngineNotes.tsx";

const AT = "2026-11-22T09:00:00Z";
const NO_GPU = "CUDA finds no GPU (cudaErrorNoDevice).";

afterEach(cleanup);

function worker(name: string, engine_notes: string[], alive = true): WorkerHealth {
  return {
    name,
    alive,
    started_at: AT,
    seen_at: AT,
    model: "se-cnn demo-1",
    model_digest: "d".repeat(64),
    runtime: "onnxruntime",
    models: [],
    model_faults: [],
    engine_notes,
    claimed: 0,
    answered: 0,
  };
}

test("why a processor answers is said once for all workers that say it, with what to do", () => {
  render(
    <EngineNotes
      workers={[
        worker("cloud-1:7", [NO_GPU, NO_GPU]),
        worker("cloud-1:8", [NO_GPU]),
        worker("cloud-2:7", ["The engine is not used: it answers otherwise."]),
        worker("cloud-3:7", ["Gone with its worker."], false),
      ]}
    />,
  );

  expect(screen.getByRole("region", { name: "Not answered by a GPU" }).textContent).toContain("smearflow doctor --gpu");
  expect(screen.getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual([
    `cloud-1:7, cloud-1:8: ${NO_GPU}`,
    "cloud-2:7: The engine is not used: it answers otherwise.",
  ]);
});

test("what is to be typed stands as such, without the signs of a terminal", () => {
  render(<EngineNotes workers={[worker("cloud-1:7", ["Install Smearflow with its extra `gpu`, then look at `nvidia-smi`."])]} />);

  const note = screen.getByRole("listitem");
  expect(note.textContent).toBe("cloud-1:7: Install Smearflow with its extra gpu, then look at nvidia-smi.");
  expect([...note.querySelectorAll("code")].map(({ textContent }) => textContent)).toEqual(["gpu", "nvidia-smi"]);
});

test("where TensorRT answers, or nobody looks for it, nothing is said", () => {
  const { container } = render(<EngineNotes workers={[worker("cloud-1:7", [])]} />);

  expect(container.textContent).toBe("");
});
