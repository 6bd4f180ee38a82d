import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, Hand, PenLine, Undo2, Unlock } from "lucide-react";
import type { ReactNode } from "react";

import { useNow } from "../admin/useNow.ts";
import { answer, api } from "../api/client.ts";
import { wordsOf } from "../api/problem.ts";
import type { CaseDetail } from "../api.gen.ts";
import { CaseStanding } from "../cases/CaseStanding.tsx";
import { may, useMe } from "../session/me.ts";
import { useShortcut } from "../shortcuts/useShortcut.ts";
import { fullTime, shortTime } from "../words.ts";
import { Key } from "./Key.tsx";
import type { Neighbours } from "./neighbours.ts";
import { mayRelease } from "./review.ts";
import { SaveSign } from "./SaveSign.tsx";
import { patchCase } from "./useCase.ts";
import type { Review } from "./useReview.ts";

interface Props {
  detail: CaseDetail;
  neighbours: Neighbours;
  review: Review;
  onUndo: () => void;
}

/** Whose case it is, where it stands, and the way to the next one. */
export function CaseBar({ detail, neighbours, review, onUndo }: Props) {
  const me = useMe();
  const canJudge = review.obstacle === null;
  return (
    <header className="case-bar">
      <div className="case-title">
        <h1>
          Case <code className="pseudonym">{detail.pseudonym.slice(0, 8)}</code>
        </h1>
        <p className="case-names quiet">
          {detail.smear !== null && <bdi className="case-smear">{detail.smear}</bdi>}
          <span>
            <bdi>{detail.site}</bdi> / <bdi>{detail.device}</bdi>
          </span>
          <time dateTime={detail.latest_at} title={`Newest image, ${fullTime(detail.latest_at)}`}>{shortTime(detail.latest_at)}</time>
        </p>
      </div>
      <CaseStanding of={detail} me={me.user} />
      <SaveSign saving={review.saving} />
      <div className="case-tools">
        {canJudge && (
          <button type="button" disabled={!review.canUndo} onClick={onUndo}>
            <Undo2 aria-hidden="true" /> Undo <Key of="case.undo" />
          </button>
        )}
        <Holding detail={detail} review={review} />
        <Steps neighbours={neighbours} />
      </div>
    </header>
  );
}

/** The buttons that take a case, give it back, or begin to amend it. */
function Holding({ detail, review }: Pick<Props, "detail" | "review">) {
  const me = useMe();
  const change = useMutation({
    mutationFn: async (verb: "claim" | "release") => {
      await review.saver.flush();
      const options = { params: { path: { case_id: detail.id } }, body: { version: review.saver.version } };
      return verb === "claim"
        ? answer(api.POST("/api/v1/cases/{case_id}/claim", options))
        : answer(api.POST("/api/v1/cases/{case_id}/release", options));
    },
    onSuccess: (changed) => {
      patchCase(detail.id, (before) => ({ ...before, ...changed }));
    },
  });
  const now = useNow();
  const amends = detail.signed_at !== null;
  const mayClaim = may(me, "read-cases") && detail.held_by === null && (amends || review.obstacle === null);
  // A second claim on top of the first would be refused, and tell of trouble where there is none.
  const claims = mayClaim && !change.isPending;
  useShortcut(
    { id: "case.claim", words: "Claim the case", group: "Case", key: "c" },
    () => {
      change.mutate("claim");
    },
    { enabled: claims && !amends },
  );
  useShortcut(
    { id: "case.amend", words: "Amend the signed diagnosis", group: "Case", key: "a" },
    () => {
      change.mutate("claim");
    },
    { enabled: claims && amends },
  );
  return (
    <>
      {mayClaim && (
        <button
          type="button"
          disabled={change.isPending}
          onClick={() => {
            change.mutate("claim");
          }}
        >
          {amends ? <PenLine aria-hidden="true" /> : <Hand aria-hidden="true" />} {amends ? "Amend" : "Claim"}{" "}
          <Key of={amends ? "case.amend" : "case.claim"} />
        </button>
      )}
      {may(me, "read-cases") && mayRelease(detail, me.user, now) && (
        <button
          type="button"
          disabled={change.isPending}
          title="Others may read the case then; what is saved stays"
          onClick={() => {
            change.mutate("release");
          }}
        >
          <Unlock aria-hidden="true" /> Release
        </button>
      )}
      {change.error !== null && (
        <span role="alert" className="fault small-text">
          {wordsOf(change.error)}
        </span>
      )}
    </>
  );
}

/** The way to the cases before and behind this one, in the order of the worklist. */
function Steps({ neighbours: { previous, next, place, total, more } }: Pick<Props, "neighbours">) {
  const navigate = useNavigate();
  const go = (caseId: string | null) => {
    if (caseId !== null) {
      void navigate({ to: "/cases/$caseId", params: { caseId } });
    }
  };
  useShortcut({ id: "case.next", words: "Next case", group: "Case", key: "n" }, () => {
    go(next);
  });
  useShortcut({ id: "case.previous", words: "Previous case", group: "Case", key: "p" }, () => {
    go(previous);
  });
  return (
    <nav className="case-steps" aria-label="Neighbouring cases">
      <Step to={previous} words="Previous case">
        <ChevronLeft aria-hidden="true" /> <Key of="case.previous" />
      </Step>
      <span className="small-text quiet">{place === null ? "–" : `${String(place)} / ${String(total)}${more ? "+" : ""}`}</span>
      <Step to={next} words="Next case" without={more ? "show more cases in the worklist first" : undefined}>
        <Key of="case.next" /> <ChevronRight aria-hidden="true" />
      </Step>
    </nav>
  );
}

interface StepProps {
  to: string | null;
  words: string;
  /** Why there is no such case. */
  without?: string | undefined;
  children: ReactNode;
}

function Step({ to, words, without = "there is none", children }: StepProps) {
  const why = `${words}: ${without}`;
  return to === null ? (
    <span className="button step" aria-disabled="true" role="link" aria-label={why} title={why}>
      {children}
    </span>
  ) : (
    <Link to="/cases/$caseId" params={{ caseId: to }} className="button step" aria-label={words}>
      {children}
    </Link>
  );
}
