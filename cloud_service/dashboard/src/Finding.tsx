import type { CaptureSummary } from "./api.gen.ts";
import { percent } from "./words.ts";

/** The model's answer in words, with its probability as text and as a bar; or why there is none. */
export function Finding({ capture }: { capture: CaptureSummary }) {
  const { prediction, reason } = capture;
  if (prediction === null) {
    return reason === null ? <span className="quiet">–</span> : <span className="reason">{reason}</span>;
  }
  return (
    <div className={`finding ${prediction.label}`}>
      <span className="wording">
        {prediction.label === "suspicious" && <span aria-hidden="true">▲ </span>}
        {prediction.wording}
      </span>
      <span className="probability" title="probability of blast features, by the model">
        <span className="bar" aria-hidden="true">
          <span style={{ width: `${String(100 * prediction.probability)}%` }} />
        </span>
        {percent(prediction.probability)}
      </span>
      {reason !== null && <span className="reason">{reason}</span>}
    </div>
  );
}
