import { plural } from "../admin/figures.ts";
import type { Refusals as RefusalsAnswer } from "../api.gen.ts";
import { shortTime } from "../words.ts";

/** What ingest refused on the wire, so that nothing is dropped in silence. */
export function Refusals({ refusals: { total, refusals } }: { refusals: RefusalsAnswer }) {
  if (total === 0) {
    return <p className="refusals quiet">No message was refused</p>;
  }
  return (
    <details className="refusals">
      <summary>
        {plural(total, "message was refused", "messages were refused")}
      </summary>
      <ul>
        {refusals.map((refusal) => (
          <li key={`${refusal.topic} ${refusal.reason}`}>
            <span className="count">{refusal.count} ×</span> {refusal.reason}
            <br />
            <code>{refusal.topic}</code>{" "}
            <span className="quiet">last {shortTime(refusal.last_at)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
