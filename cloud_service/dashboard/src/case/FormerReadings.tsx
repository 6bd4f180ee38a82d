import type { CaseDetail } from "../api.gen.ts";
import { fullTime } from "../words.ts";
import { VERDICTS } from "./words.ts";

/** What somebody else has signed while a second reading is awaited; folded, so that the second is a view of one's own. */
export function FormerReadings({ detail }: { detail: CaseDetail }) {
  const signed = detail.readings.filter(({ signed_at }) => signed_at !== null);
  if (!detail.second_read || signed.length === 0) {
    return null;
  }
  return (
    <section className="panel-section second-reading" aria-labelledby="second-heading">
      <h2 id="second-heading">Second reading</h2>
      <p className="small-text">
        The first reading differs from the model’s answer, so another clinician reads the case before there is a report.
        Look for yourself first.
      </p>
      <details>
        <summary>Show the first reading</summary>
        {signed.map((reading) => (
          <div key={reading.id} className="small-text">
            <p>
              <bdi>{reading.reader}</bdi>, <time dateTime={reading.signed_at ?? undefined}>{fullTime(reading.signed_at ?? "")}</time>:{" "}
              <strong>{reading.verdict === null ? "no verdict" : VERDICTS[reading.verdict].word}</strong>
            </p>
            {reading.reason !== null && <p dir="auto">Why: {reading.reason}</p>}
            {reading.conclusion !== null && <p dir="auto">{reading.conclusion}</p>}
          </div>
        ))}
      </details>
    </section>
  );
}
