import { Check, CircleHelp, CircleX, Eye, Hourglass, ScanSearch, TriangleAlert } from "lucide-react";
import { useEffect, useRef } from "react";

import { thumbnailUrl } from "../api/client.ts";
import type { CaptureSummary, PersonVerdict } from "../api.gen.ts";
import { percent } from "../words.ts";
import { VERDICTS } from "./words.ts";

interface Props {
  images: readonly CaptureSummary[];
  /** How many there are in all; the rest is loaded when one comes near it. */
  total: number;
  current: string | null;
  verdictOf: (id: string) => PersonVerdict | null;
  isOpened: (id: string) => boolean;
  onChoose: (id: string) => void;
  onMore: (() => void) | null;
}

/** A case's images, the most suspicious first. Thumbnails are loaded, and drawn, only where they can be seen. */
export function ImageStrip({ images, total, current, verdictOf, isOpened, onChoose, onMore }: Props) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <nav className="strip" aria-label="Images of the case, the most suspicious first">
      <ol ref={list}>
        {images.map((image, place) => (
          <StripImage
            key={image.id}
            image={image}
            place={place + 1}
            isCurrent={image.id === current}
            isOpened={isOpened(image.id)}
            verdict={verdictOf(image.id)}
            onChoose={onChoose}
          />
        ))}
        {onMore !== null && <More key={images.length} words={`${String(total - images.length)} more`} onSeen={onMore} />}
      </ol>
    </nav>
  );
}

interface ImageProps {
  image: CaptureSummary;
  place: number;
  isCurrent: boolean;
  isOpened: boolean;
  verdict: PersonVerdict | null;
  onChoose: (id: string) => void;
}

function StripImage({ image, place, isCurrent, isOpened, verdict, onChoose }: ImageProps) {
  const model = modelSign(image);
  const Person = verdict === null ? null : VERDICTS[verdict].icon;
  const opened = isOpened ? "opened" : "not opened";
  const said = verdict === null ? "no verdict" : `your verdict: ${VERDICTS[verdict].word}`;
  return (
    <li>
      <button
        type="button"
        className="strip-image"
        aria-current={isCurrent}
        title={`${model.words}; ${said}`}
        onClick={() => {
          onChoose(image.id);
        }}
      >
        <span className="strip-picture">
          {image.received_at !== null && (
            // Low: a strip that is scrolled through asks for dozens, and the image at hand must not wait behind them.
            <img
              src={thumbnailUrl(image.id)}
              alt=""
              loading="lazy"
              fetchPriority="low"
              decoding="async"
              width="160"
              height="120"
            />
          )}
          <span className="strip-place">
            <span className="visually-hidden">Image </span>
            {place}
          </span>
          {isOpened && <Eye className="strip-opened" aria-hidden="true" />}
        </span>
        <span className="strip-signs">
          <span className={`strip-model ${model.kind}`}>
            <model.icon aria-hidden="true" /> {model.short}
          </span>
          {Person !== null && (
            <span className={`strip-person ${verdict ?? ""}`}>
              <Check aria-hidden="true" />
              <Person aria-hidden="true" />
            </span>
          )}
        </span>
        <span className="visually-hidden">
          {model.words}; {said}; {opened}
        </span>
      </button>
    </li>
  );
}

function modelSign({ prediction, state }: CaptureSummary) {
  if (prediction === null) {
    return state === "failed"
      ? { icon: CircleX, kind: "trouble", short: "failed", words: "analysis failed" }
      : { icon: Hourglass, kind: "quiet", short: "waits", words: "no answer yet" };
  }
  const number = percent(prediction.probability);
  if (prediction.doubts.length > 0) {
    return { icon: CircleHelp, kind: "waiting", short: "doubted", words: `the model cannot say (own answer: ${number})` };
  }
  return prediction.label === "suspicious"
    ? { icon: TriangleAlert, kind: "suspicious", short: number, words: `${prediction.wording}, ${number}` }
    : { icon: ScanSearch, kind: "no_blast_features", short: number, words: `${prediction.wording}, ${number}` };
}

/** Stands at the end of what is loaded, and has more of it loaded as soon as it comes near. */
function More({ words, onSeen }: { words: string; onSeen: () => void }) {
  const item = useRef<HTMLLIElement>(null);
  const seen = useRef(onSeen);
  useEffect(() => {
    seen.current = onSeen;
  });
  useEffect(() => {
    if (item.current === null) {
      return undefined;
    }
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) {
          seen.current();
        }
      },
      { rootMargin: "600px" },
    );
    observer.observe(item.current);
    return () => {
      observer.disconnect();
    };
  }, []);
  return (
    <li ref={item} className="strip-more quiet">
      {words}
    </li>
  );
}
