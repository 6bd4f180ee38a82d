import type { CaptureSummary } from "../api.gen.ts";
import { clockTime, fullTime, STAGE_WORDS } from "../words.ts";
import { latest, trail } from "./custody.ts";
import { type Day, startOf } from "./day.ts";

type Kept = Pick<CaptureSummary, "custody" | "state">;

/** Every stage of a capture's way from the microscope and back, with the time at which it was passed. */
export function CustodyTrail({ capture }: { capture: Kept }) {
  return (
    <ol className="trail">
      {trail(capture).map(({ stage, at }) => (
        <li key={stage} className={at === null ? "to-come" : "passed"}>
          {STAGE_WORDS[stage]}{" "}
          {at === null ? <span className="quiet">not yet</span> : <time dateTime={at}>{fullTime(at)}</time>}
        </li>
      ))}
    </ol>
  );
}

/** Where a capture is: its last stage in words, with a step for each one passed. */
export function Whereabouts({ capture, today }: { capture: Kept; today: Day }) {
  const last = latest(capture.custody);
  return (
    <span className="whereabouts">
      <span className="steps" aria-hidden="true">
        {trail(capture).map(({ stage, at }) => (
          <span key={stage} className={at === null ? "to-come" : "passed"} />
        ))}
      </span>
      {last !== null && (
        <span className="quiet">
          {STAGE_WORDS[last.stage]}, <time dateTime={last.at}>{clockTime(last.at, startOf(today))}</time>
        </span>
      )}
    </span>
  );
}
