import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { CaptureSummary, CaseDetail, CustodyStage, ModelFacts } from "../api.gen.ts";
import { CaseStanding } from "../cases/CaseStanding.tsx";
import { useMe } from "../session/me.ts";
import { fullTime, percent, shortCase, shortTime, STAGE_WORDS } from "../words.ts";
import { Comments } from "./Comments.tsx";
import { LabelFate } from "./LabelFate.tsx";

const STAGES = Object.keys(STAGE_WORDS) as CustodyStage[];

/** What stands beside the judgement: the model and its limits, where the image has been, what others wrote, earlier cases. */
export function InfoPanel({ detail, image }: { detail: CaseDetail; image: CaptureSummary | null }) {
  return (
    <div className="info">
      {detail.models.map((model) => (
        <Model key={model.digest} model={model} />
      ))}
      <Comments caseId={detail.id} comments={detail.comments} />
      {image !== null && <Trail image={image} />}
      <Earlier detail={detail} />
      <Particulars detail={detail} image={image} />
    </div>
  );
}

/** Folded where it stands below the judgement; open on a display that has room for it at the side. */
function Folded({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details className="panel-section folded" open={window.matchMedia("(min-width: 1700px)").matches}>
      <summary>
        <h2>{title}</h2>
      </summary>
      {children}
    </details>
  );
}

function Model({ model: { name, version, digest, intended_use, limits, threshold, abstain_between } }: { model: ModelFacts }) {
  return (
    <Folded title="Why the model may be wrong">
      <ul className="small-text limits">
        {limits.map((limit) => (
          <li key={limit}>{limit}</li>
        ))}
      </ul>
      <dl className="particulars">
        <Particular name="Model" value={`${name} ${version}`} />
        <Particular name="Digest" value={digest} code />
        <Particular name="Intended use" value={intended_use} />
        <Particular name="Threshold" value={percent(threshold)} />
        {abstain_between !== null && (
          <Particular name="Undecided" value={`${percent(abstain_between[0])} to ${percent(abstain_between[1])}`} />
        )}
      </dl>
    </Folded>
  );
}

function Trail({ image }: { image: CaptureSummary }) {
  const passed = new Map(image.custody.map(({ stage, at }) => [stage, at]));
  return (
    <Folded title="Custody trail of this image">
      <ol className="case-trail">
        {STAGES.map((stage) => {
          const at = passed.get(stage);
          return (
            <li key={stage} className={at === undefined ? "to-come" : "passed"}>
              <span>{STAGE_WORDS[stage]}</span>{" "}
              {at === undefined ? <span className="quiet">not yet</span> : <time dateTime={at}>{fullTime(at)}</time>}
            </li>
          );
        })}
      </ol>
    </Folded>
  );
}

function Earlier({ detail }: { detail: CaseDetail }) {
  const me = useMe();
  return (
    <Folded title={`Earlier cases of this pseudonym (${String(detail.earlier.length)})`}>
      {detail.earlier.length === 0 ? (
        <p className="small-text quiet">None is known here.</p>
      ) : (
        <ul className="earlier">
          {detail.earlier.map((other) => (
            <li key={other.id}>
              <Link to="/cases/$caseId" params={{ caseId: other.id }}>
                {other.site}, {shortTime(other.opened_at)}
              </Link>
              <span>{other.wording}</span>
              <CaseStanding of={other} me={me.user} />
            </li>
          ))}
        </ul>
      )}
    </Folded>
  );
}

function Particulars({ detail, image }: { detail: CaseDetail; image: CaptureSummary | null }) {
  return (
    <Folded title="Particulars">
      <dl className="particulars">
        <Particular name="Pseudonym" value={detail.pseudonym} code />
        <Particular name="Site / device" value={`${detail.site} / ${detail.device}`} />
        <Particular name="Opened" value={fullTime(detail.opened_at)} />
        <Particular name="Images" value={imageCounts(detail)} />
        {image !== null && (
          <>
            <Particular name="Smear" value={image.smear ?? "not named"} />
            <Particular name="Stain" value={image.stain ?? "not named"} />
            <Particular name="This image" value={`${String(image.width)} × ${String(image.height)}, ${image.media_type}`} />
            <Particular
              name="Pixel size"
              value={
                image.micrometres_per_pixel === null
                  ? "not known, so there is no scale bar"
                  : `${String(image.micrometres_per_pixel)} µm on the slide`
              }
            />
            <Particular name="Capture" value={image.id} code />
            <LabelFate detail={detail} image={image.id} />
          </>
        )}
        <Particular name="Case" value={`${shortCase(detail.id)}, version ${String(detail.version)}`} />
      </dl>
    </Folded>
  );
}

function imageCounts({ images, analysed_images, doubted_images, failed_images }: CaseDetail): string {
  return [
    `${String(images)} in all`,
    `${String(analysed_images)} analysed`,
    doubted_images > 0 && `${String(doubted_images)} of these doubted`,
    failed_images > 0 && `${String(failed_images)} failed`,
  ]
    .filter(Boolean)
    .join(", ");
}

function Particular({ name, value, code = false }: { name: string; value: string; code?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{code ? <code>{value}</code> : <bdi>{value}</bdi>}</dd>
    </div>
  );
}
