import { CircleHelp, CircleX, Hourglass, ScanSearch, TriangleAlert } from "lucide-react";

import type { CaptureSummary, ModelFacts, PredictionSummary } from "../api.gen.ts";
import { QualityBadge } from "../captures/CaptureTable.tsx";
import { RetryButton } from "../captures/RetryButton.tsx";
import { percent } from "../words.ts";

/** What the model says of one image, after what speaks against relying on it. */
export function ModelAnswer({ image, models }: { image: CaptureSummary; models: readonly ModelFacts[] }) {
  const { prediction, state, reason } = image;
  return (
    <div className="model-answer">
      {prediction === null && state === "failed" && (
        <>
          <p className="answer-line trouble">
            <CircleX aria-hidden="true" /> <strong>The analysis failed</strong>
          </p>
          <p className="small-text">{reason} Judge the image yourself, or have it analysed again.</p>
          <RetryButton id={image.id} />
        </>
      )}
      {prediction === null && state !== "failed" && (
        <p className="answer-line quiet">
          <Hourglass aria-hidden="true" /> No answer yet
        </p>
      )}
      {prediction !== null && <Prediction prediction={prediction} model={modelOf(prediction, models)} />}
      {(image.quality_verdict !== "good" || image.quality_reasons.length > 0) && (
        <div className="quality-warning">
          <QualityBadge verdict={image.quality_verdict} />
          <ul className="small-text">
            {image.quality_reasons.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function Prediction({ prediction, model }: { prediction: PredictionSummary; model: ModelFacts | undefined }) {
  const { doubts, label, wording, probability } = prediction;
  const Sign = label === "suspicious" ? TriangleAlert : ScanSearch;
  if (doubts.length === 0) {
    return (
      <>
        <p className={`answer-line ${label}`}>
          <Sign aria-hidden="true" /> <strong>{wording}</strong>
        </p>
        <ProbabilityBand probability={probability} model={model} />
      </>
    );
  }
  return (
    <>
      <p className="answer-line waiting">
        <CircleHelp aria-hidden="true" /> <strong>The model cannot say</strong>
      </p>
      <ul className="small-text doubts">
        {doubts.map((doubt) => (
          <li key={doubt}>{doubt}</li>
        ))}
      </ul>
      <p className="small-text quiet">
        Its own answer, not to be relied on: {wording}, {percent(probability)}
      </p>
    </>
  );
}

/** A probability on its scale, with the model's threshold and the band in which it does not decide. */
export function ProbabilityBand({ probability, model }: { probability: number; model: ModelFacts | undefined }) {
  return (
    <div className="band">
      <span className="band-number">{percent(probability)}</span>
      <span className="band-scale" aria-hidden="true">
        {model?.abstain_between != null && (
          <span
            className="band-abstain"
            style={{ left: share(model.abstain_between[0]), width: share(model.abstain_between[1] - model.abstain_between[0]) }}
          />
        )}
        {model !== undefined && <span className="band-threshold" style={{ left: share(model.threshold) }} />}
        <span className="band-mark" style={{ left: share(probability) }} />
      </span>
      <span className="small-text quiet">
        probability of blast features
        {model !== undefined && `; suspicious from ${percent(model.threshold)} on`}
        {model?.abstain_between != null &&
          `; undecided from ${percent(model.abstain_between[0])} to ${percent(model.abstain_between[1])}`}
      </span>
    </div>
  );
}

function modelOf({ model_digest }: PredictionSummary, models: readonly ModelFacts[]): ModelFacts | undefined {
  return models.find(({ digest }) => digest === model_digest);
}

function share(probability: number): string {
  return `${String(100 * probability)}%`;
}
