import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";

import { wordsOf } from "../api/problem.ts";
import type { CaseDetail, PersonVerdict } from "../api.gen.ts";
import { useMe } from "../session/me.ts";
import { Fault } from "../shell/Fault.tsx";
import { CaseBar } from "./CaseBar.tsx";
import { autoAdvance } from "./autoAdvance.ts";
import { FormerReadings } from "./FormerReadings.tsx";
import { ImageStrip } from "./ImageStrip.tsx";
import { InfoPanel } from "./InfoPanel.tsx";
import type { Neighbours } from "./neighbours.ts";
import { Reports } from "./Reports.tsx";
import { differsOnImage, neighbour, nextUnjudged } from "./review.ts";
import { ReviewPanel } from "./ReviewPanel.tsx";
import { SignDialog } from "./SignDialog.tsx";
import { Trouble } from "./Trouble.tsx";
import { prefetchCase, prefetchImage, useCaseImages } from "./useCase.ts";
import { useDeskKeys } from "./useDeskKeys.ts";
import { useReview } from "./useReview.ts";

// OpenSeadragon is half of the page's weight, and nobody needs it before a case is open.
const Viewer = lazy(() => import("./Viewer.tsx").then(({ Viewer }) => ({ default: Viewer })));

/** What came of the last key. What was done is seen anyway, and told to screen readers alone; a refusal is shown. */
interface Said {
  readonly words: string;
  readonly isRefusal: boolean;
}

const SILENCE: Said = { words: "", isRefusal: false };
const done = (words: string): Said => ({ words, isRefusal: false });
const refused = (words: string): Said => ({ words, isRefusal: true });

/** Where one case is read: strip, viewer, panel. */
export function CaseDesk({ detail, neighbours }: { detail: CaseDetail; neighbours: Neighbours }) {
  const me = useMe();
  const review = useReview(detail);
  const query = useCaseImages(detail);
  const images = useMemo(() => query.data?.pages.flatMap((page) => page.images) ?? [], [query.data]);
  const ids = useMemo(() => images.map(({ id }) => id), [images]);
  const [chosen, setChosen] = useState<string | null>(null);
  const [drawn, setDrawn] = useState<string | null>(null);
  const [signing, setSigning] = useState(false);
  const [said, setSaid] = useState(SILENCE);
  const caseVerdict = useRef<HTMLElement>(null);
  const conclusion = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const place = Math.max(0, chosen === null ? 0 : ids.indexOf(chosen));
  const image = images[place] ?? null;
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;

  const isDrawn = image !== null && drawn === image.id;
  useEffect(() => {
    // Not before: who holds the key down would have each image that is passed over loaded before the one at hand.
    if (isDrawn) {
      prefetchImage(images[place + 1]);
    }
  }, [images, place, isDrawn]);
  useEffect(() => {
    // What was refused would be refused again at once, without end; the strip asks again when its end is looked at.
    if (place + 20 > images.length && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) {
      void fetchNextPage();
    }
  }, [images, place, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  useEffect(() => {
    if (query.isSuccess) {
      for (const id of [neighbours.next, neighbours.previous]) {
        if (id !== null) {
          void prefetchCase({ id });
        }
      }
    }
  }, [query.isSuccess, neighbours.next, neighbours.previous]);

  useEffect(() => {
    // The router gives a new page the place to which the former one was scrolled.
    const frame = requestAnimationFrame(() => panel.current?.scrollTo({ top: 0 }));
    return () => {
      cancelAnimationFrame(frame);
    };
  }, []);

  const choose = (id: string | null) => {
    setSaid(SILENCE);
    setChosen(id);
    leaveCaseVerdict();
    panel.current?.querySelector('[data-judges="image"]')?.scrollIntoView({ block: "nearest" });
  };
  const noteDrawn = (id: string) => {
    setDrawn(id);
    // It stays at hand even if others sort before it by now: the next key is meant for what is seen.
    setChosen((before) => before ?? id);
  };
  const goOn = (id: string) => {
    const next = nextUnjudged(ids, id, (other) => (other === id ? "suspicious" : review.wordsOf(other).verdict));
    if (next === null) {
      setSaid(done("Every image has a verdict. Now the case."));
      caseVerdict.current?.focus();
    } else {
      choose(next);
    }
  };
  const judgeImage = (verdict: PersonVerdict | null) => {
    if (image === null || review.obstacle !== null) {
      return;
    }
    if (!isDrawn) {
      setSaid(refused("The image was not drawn yet, so no verdict was taken: look at it, then press again."));
      return;
    }
    setSaid(SILENCE);
    review.judgeImage(image.id, verdict);
    if (verdict !== null && autoAdvance.get() && !differsOnImage(verdict, image)) {
      goOn(image.id);
    }
  };
  const undo = () => {
    const step = review.undo();
    if (step?.image != null) {
      choose(step.image);
    }
    setSaid(step === null ? SILENCE : done("Taken back."));
  };
  const sign = () => {
    setSigning(true);
  };
  useDeskKeys({
    canJudge: review.obstacle === null,
    onStep: (step) => {
      choose(neighbour(ids, image?.id ?? null, step));
    },
    onVerdict: (verdict) => {
      if (!isJudgingCase()) {
        judgeImage(image !== null && review.wordsOf(image.id).verdict === verdict ? null : verdict);
      } else if (verdict === "not_evaluable") {
        setSaid(refused("“Not evaluable” is said of images alone: the case has no verdict from this key."));
      } else {
        setSaid(SILENCE);
        review.judgeCase(review.words.verdict === verdict ? null : verdict);
      }
    },
    onCase: () => caseVerdict.current?.focus(),
    onConclusion: () => conclusion.current?.querySelector("textarea")?.focus(),
    onUndo: undo,
    onSign: sign,
  });

  const opened = new Set(
    review.reading?.findings.filter(({ opened_at }) => opened_at !== null).map(({ capture_id }) => capture_id),
  );
  return (
    <div className="case">
      <CaseBar {...{ detail, neighbours, review }} onUndo={undo} />
      <Trouble caseId={detail.id} review={review} />
      <div className="desk">
        <ImageStrip
          images={images}
          total={detail.images}
          current={image?.id ?? null}
          verdictOf={(id) => review.wordsOf(id).verdict}
          isOpened={(id) => opened.has(id)}
          onChoose={choose}
          onMore={hasNextPage ? () => void fetchNextPage() : null}
        />
        <div className="desk-viewer">
          {image === null ? (
            <NoImage query={query} />
          ) : (
            <Suspense fallback={<p className="quiet centred">Loading the viewer…</p>}>
              <Viewer
                image={image}
                onShown={(id) => {
                  noteDrawn(id);
                  review.noteShown(id);
                }}
                onFailed={noteDrawn}
              />
            </Suspense>
          )}
          <p role="status" className={said.isRefusal ? "desk-notice" : "visually-hidden"}>
            {said.words}
          </p>
        </div>
        <div className="desk-panel" ref={panel}>
          {review.obstacle !== null && <p className="obstacle">{review.obstacle}</p>}
          <Reports detail={detail} />
          <FormerReadings detail={detail} />
          <ReviewPanel
            {...{ detail, image, review, caseVerdict, conclusion }}
            place={place + 1}
            onJudgeImage={judgeImage}
            onReasoned={() => {
              if (image !== null) {
                goOn(image.id);
              }
            }}
            onSign={sign}
          />
          <InfoPanel detail={detail} image={image} />
        </div>
      </div>
      {signing && (
        <SignDialog
          detail={detail}
          review={review}
          onClose={() => {
            setSigning(false);
          }}
          onSigned={(signed) => {
            setSigning(false);
            panel.current?.scrollTo({ top: 0 });
            setSaid(done(signed.second_read ? "Signed. Another clinician gives the second reading." : `Signed by ${me.user}.`));
          }}
        />
      )}
    </div>
  );
}

/** Stands in the viewer's place while there is nothing to be seen. */
function NoImage({ query: { isFetching, error, refetch } }: { query: ReturnType<typeof useCaseImages> }) {
  if (isFetching) {
    return <p className="quiet centred">Loading the images…</p>;
  }
  if (error === null) {
    return <p className="quiet centred">This case has no image yet.</p>;
  }
  return (
    <Fault title="The images cannot be shown" words={wordsOf(error)}>
      <button type="button" onClick={() => void refetch()}>
        Try again
      </button>
    </Fault>
  );
}

/** Whether the verdict keys are meant for the case: while the focus is in its part of the panel. */
function isJudgingCase(): boolean {
  return document.activeElement?.closest('[data-judges="case"]') != null;
}

function leaveCaseVerdict(): void {
  if (document.activeElement instanceof HTMLElement && isJudgingCase()) {
    document.activeElement.blur();
  }
}
