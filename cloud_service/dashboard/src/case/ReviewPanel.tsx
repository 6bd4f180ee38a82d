import { PenLine } from "lucide-react";
import type { RefObject } from "react";

import type { CaptureSummary, CaseDetail, PersonVerdict } from "../api.gen.ts";
import { CaseFinding } from "../cases/CaseFinding.tsx";
import { useStore } from "../store.ts";
import { shortTime } from "../words.ts";
import { autoAdvance } from "./autoAdvance.ts";
import { Key } from "./Key.tsx";
import { ModelAnswer } from "./ModelAnswer.tsx";
import { differsOnCase, differsOnImage } from "./review.ts";
import { TextField } from "./TextField.tsx";
import type { Review } from "./useReview.ts";
import { VerdictButtons } from "./VerdictButtons.tsx";
import { CASE_VERDICTS, IMAGE_VERDICTS } from "./words.ts";

interface Props {
  detail: CaseDetail;
  image: CaptureSummary | null;
  place: number;
  review: Review;
  caseVerdict: RefObject<HTMLElement | null>;
  conclusion: RefObject<HTMLDivElement | null>;
  onJudgeImage: (verdict: PersonVerdict | null) => void;
  /** The reason for a verdict on the image is written. */
  onReasoned: () => void;
  onSign: () => void;
}

/** Where a clinician judges: the image at hand, then the case. */
export function ReviewPanel({ detail, image, place, review, caseVerdict, conclusion, onJudgeImage, onReasoned, onSign }: Props) {
  const { obstacle, words } = review;
  const locked = obstacle !== null;
  const amends = detail.signed_at !== null;
  const passed = detail.checks.filter((check) => check.passed).length;
  return (
    <div className="review">
      {image !== null && <ImageReview {...{ detail, image, place, review, locked, onJudgeImage, onReasoned }} />}
      <section className="panel-section" aria-labelledby="case-heading" ref={caseVerdict} data-judges="case" tabIndex={-1}>
        <h2 id="case-heading">
          The case <Key of="case.verdict" />
        </h2>
        <CaseFinding finding={detail} />
        {detail.reasons.length > 0 && (
          <ul className="small-text reasons">
            {detail.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
        <h3>{locked ? "Verdict on the case" : "Your verdict on the case"}</h3>
        <VerdictButtons
          label="Verdict on the case"
          choices={CASE_VERDICTS}
          chosen={words.verdict}
          disabled={locked}
          onChoose={review.judgeCase}
        />
        {((amends && !locked) || words.reason !== null || differsOnCase(words.verdict, detail)) && (
          <TextField
            label={amends ? "What is amended, and why" : "Why you differ from the model"}
            value={words.reason}
            most={2000}
            disabled={locked}
            onType={(reason) => {
              review.say({ reason });
            }}
          />
        )}
        <div ref={conclusion}>
          <TextField
            label="Conclusion, for the report"
            value={words.conclusion}
            most={4000}
            rows={3}
            disabled={locked}
            onType={(text) => {
              review.say({ conclusion: text });
            }}
          />
        </div>
      </section>
      {!locked && (
        <div className="sign-bar">
          <button type="button" className="primary" onClick={onSign}>
            <PenLine aria-hidden="true" /> {amends ? "Sign the amendment…" : "Sign…"} <Key of="case.sign" />
          </button>
          <span className="small-text quiet">
            {passed} of {detail.checks.length} checks passed
          </span>
        </div>
      )}
    </div>
  );
}

type ImageProps = Pick<Props, "detail" | "place" | "review" | "onJudgeImage" | "onReasoned"> & { image: CaptureSummary; locked: boolean };

function ImageReview({ detail, image, place, review, locked, onJudgeImage, onReasoned }: ImageProps) {
  const { verdict, reason } = review.wordsOf(image.id);
  const advances = useStore(autoAdvance);
  return (
    <section className="panel-section" aria-labelledby="image-heading" data-judges="image">
      <div className="image-top">
        <h2 id="image-heading" aria-live="polite">
          Image {place} of {detail.images}
        </h2>
        {!locked && (
          <label className="advance" title="A verdict on an image leads on to the next one without">
            <input
              type="checkbox"
              checked={advances}
              onChange={(event) => {
                autoAdvance.set(event.target.checked);
              }}
            />
            Auto-advance
          </label>
        )}
      </div>
      <p className="small-text quiet image-name">
        {image.smear !== null && <bdi>{image.smear}</bdi>}
        {image.stain !== null && <bdi>{image.stain}</bdi>}
        <time dateTime={image.captured_at}>{shortTime(image.captured_at)}</time>
      </p>
      <ModelAnswer image={image} models={detail.models} />
      <h3>{locked ? "Verdict on this image" : "Your verdict on this image"}</h3>
      <VerdictButtons
        label="Verdict on this image"
        choices={IMAGE_VERDICTS}
        chosen={verdict}
        disabled={locked}
        onChoose={onJudgeImage}
      />
      {verdict !== null && (reason !== null || differsOnImage(verdict, image)) && (
        <TextField
          key={image.id}
          label="Why you differ from the model"
          hint="Enter goes on."
          value={reason}
          most={2000}
          disabled={locked}
          focused={reason === null && !locked}
          onDone={onReasoned}
          onType={(text) => {
            review.reasonForImage(image.id, text);
          }}
        />
      )}
    </section>
  );
}
