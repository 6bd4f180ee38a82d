import type { CaptureSummary, PredictionSummary } from "../api.gen.ts";
import { Bar } from "../design/Bar.tsx";
import { percent } from "../words.ts";

/** What is to be read first: why the answer should not be relied on, then the model's answer; or why there is none. */
export function Finding({ capture }: { capture: CaptureSummary }) {
  const { prediction, reason } = capture;
  if (prediction === null) {
    return reason === null ? <span className="quiet">–</span> : <span className="reason">{reason}</span>;
  }
  return (
    <>
      {prediction.doubts.length > 0 ? <Doubted prediction={prediction} /> : <Answer prediction={prediction} />}
      {reason !== null && <span className="reason">{reason}</span>}
    </>
  );
}

/** The model's answer in words, with its probability as text and as a bar. */
function Answer({ prediction }: { prediction: PredictionSummary }) {
  return (
    <div className={`finding ${prediction.label}`}>
      <span className="wording">
        <Words prediction={prediction} />
      </span>
      <span className="probability" title="probability of blast features, by the model">
        <Bar probability={prediction.probability} />
        {percent(prediction.probability)}
      </span>
    </div>
  );
}

function Words({ prediction: { label, wording } }: { prediction: PredictionSummary }) {
  return (
    <>
      {label === "suspicious" && <span aria-hidden="true">▲ </span>}
      {wording}
    </>
  );
}

/** An answer that should not be relied on stays readable, in small and without colour or bar. */
function Doubted({ prediction }: { prediction: PredictionSummary }) {
  return (
    <div className="finding doubted">
      <span className="wording">
        <span aria-hidden="true">⚠ </span>
        Cannot say
      </span>
      {prediction.doubts.map((doubt) => (
        <span key={doubt} className="doubt">
          {doubt}
        </span>
      ))}
      <span className="quiet own-answer">
        The model’s own answer: <Words prediction={prediction} />, <span className="number">{percent(prediction.probability)}</span>
      </span>
    </div>
  );
}
