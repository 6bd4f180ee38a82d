import type { CaptureCounts, CaptureState } from "../api.gen.ts";
import { STATE_WORDS } from "../words.ts";

const SHOWN: readonly CaptureState[] = ["announced", "stored", "analysed", "failed", "refused"];

interface Props {
  counts: CaptureCounts | undefined;
  chosen: CaptureState | null;
  onChoose: (state: CaptureState | null) => void;
}

/** How many captures stand where; a counter chooses what the table shows, and a second click all of them. */
export function Counters({ counts, chosen, onChoose }: Props) {
  return (
    <ul className="counters">
      {SHOWN.map((state) => (
        <li key={state}>
          <button
            type="button"
            className={`counter ${state}`}
            aria-pressed={chosen === state}
            title={STATE_WORDS[state].meaning}
            onClick={() => {
              onChoose(chosen === state ? null : state);
            }}
          >
            <span className="number">{counts?.[state].toLocaleString("en") ?? "–"}</span>{" "}
            <span className="name">
              <span aria-hidden="true">{STATE_WORDS[state].sign}</span> {STATE_WORDS[state].word}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
