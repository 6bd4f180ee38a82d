import type { WorkerHealth } from "../../api.gen.ts";
import { Coded } from "../../design/Coded.tsx";
import { engineNotes } from "./engineNotes.ts";

/** Which workers answer by a processor though they look for a GPU, why, and what a person can do. */
export function EngineNotes({ workers }: { workers: readonly WorkerHealth[] }) {
  const notes = engineNotes(workers);
  if (notes.length === 0) {
    return null;
  }
  return (
    <section className="part" aria-labelledby="engine-notes">
      <h2 id="engine-notes">Not answered by a GPU</h2>
      <p>
        A processor answers for these workers, and nothing waits for a GPU. Where a machine has one,{" "}
        <code>smearflow doctor --gpu</code> says there what TensorRT lacks.
      </p>
      <ul className="engine-notes">
        {notes.map(({ words, names }) => (
          <li key={words}>
            <strong>{names.join(", ")}:</strong> <Coded words={words} />
          </li>
        ))}
      </ul>
    </section>
  );
}
