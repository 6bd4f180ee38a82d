import type { WorkerHealth } from "../../api.gen.ts";

/** Why a processor answers, and for which workers. */
export interface EngineNote {
  readonly words: string;
  readonly names: readonly string[];
}

/** What the workers that are alive say of TensorRT, each thing once, in the order of the workers. */
export function engineNotes(workers: readonly WorkerHealth[]): EngineNote[] {
  const names = new Map<string, string[]>();
  for (const { name, engine_notes } of workers.filter(({ alive }) => alive)) {
    for (const words of new Set(engine_notes)) {
      names.set(words, [...(names.get(words) ?? []), name]);
    }
  }
  return [...names].map(([words, of]) => ({ words, names: of }));
}
