import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { Asked } from "../admin/Asked.tsx";
import { Confirm } from "../admin/Confirm.tsx";
import { plural } from "../admin/figures.ts";
import { StateSign } from "../admin/StateSign.tsx";
import { useNow } from "../admin/useNow.ts";
import { When } from "../admin/When.tsx";
import type { ModelDetail, ModelSummary, ShadowDifference, ShadowRunView, ShadowSummary } from "../api.gen.ts";
import { percent, share, shortTime } from "../words.ts";
import { endShadow, shadowQuery } from "./api.ts";
import { ModelOf } from "./ModelLink.tsx";
import { StartShadow } from "./StartShadow.tsx";
import { inScope, LABELS, nameOfModel } from "./words.ts";

interface Props {
  model: ModelDetail;
  models: readonly ModelSummary[];
}

/** The model beside the one in service, on live captures: what it would have answered, for administrators alone. */
export function Shadow({ model, models }: Props) {
  const [open, setOpen] = useState<"start" | "end" | null>(null);
  const summary = useQuery(shadowQuery(model.digest));
  const running = model.shadow_runs.find(({ ended_at }) => ended_at === null);
  const mayStart = model.state === "candidate" || model.state === "retired";
  const close = () => {
    setOpen(null);
  };
  return (
    <section className="card model-part" aria-labelledby="shadow-title">
      <header className="model-part-top">
        <h2 id="shadow-title">Shadow run</h2>
        {running !== undefined ? (
          <button
            type="button"
            onClick={() => {
              setOpen("end");
            }}
          >
            End the shadow run…
          </button>
        ) : (
          mayStart && (
            <button
              type="button"
              onClick={() => {
                setOpen("start");
              }}
            >
              Start a shadow run…
            </button>
          )
        )}
      </header>
      <p className="quiet">It answers live captures beside the model in service, when no capture waits. No case shows its answers.</p>
      <Runs runs={model.shadow_runs} />
      <Asked query={summary} what="its answers">
        {(found) => <Agreement summary={found} models={models} />}
      </Asked>
      {open === "start" && <StartShadow model={model} onClose={close} />}
      {open === "end" && (
        <Confirm
          title={`End the shadow run of ${nameOfModel(model)}?`}
          action="End the run"
          doing="Ending…"
          act={() => endShadow(model.digest)}
          onClose={close}
        >
          <p>It answers no further captures. What it has answered stays, and another run can be started.</p>
        </Confirm>
      )}
    </section>
  );
}

function Runs({ runs }: { runs: readonly ShadowRunView[] }) {
  const now = useNow();
  if (runs.length === 0) {
    return <p>It has not run in the shadow yet.</p>;
  }
  return (
    <ul className="runs">
      {runs.map(({ id, scope, share: part, started_by, started_at, ended_by, ended_at }) => (
        <li key={id}>
          <StateSign kind={ended_at === null ? "waiting" : "off"} words={ended_at === null ? "Runs" : "Ended"}>
            {`: ${share(part)} of the captures ${inScope(scope)}, `}
            started <When moment={started_at} now={now} /> by {started_by}
            {ended_at !== null && (
              <>
                , ended <When moment={ended_at} now={now} /> by {ended_by}
              </>
            )}
          </StateSign>
        </li>
      ))}
    </ul>
  );
}

function Agreement({ summary, models }: { summary: ShadowSummary; models: readonly ModelSummary[] }) {
  const { captures, agreement, more_suspicious: more, less_suspicious: less, mean_difference: shift } = summary;
  if (agreement === null) {
    return summary.runs.length === 0 ? null : <p role="status">No capture yet that both models have answered.</p>;
  }
  return (
    <>
      <dl className="figures">
        <Figure name="Same label" value={share(agreement)} about={`of ${plural(captures, "capture")}`} />
        <Figure name="It alone says suspicious" value={more.toLocaleString("en")} about="captures" />
        <Figure name="It alone says no blast features" value={less.toLocaleString("en")} about="captures" />
        {shift !== null && <Figure name="Probability, on average" {...shiftInWords(shift)} />}
      </dl>
      <Differing found={summary.differing} models={models} />
    </>
  );
}

function Figure({ name, value, about }: { name: string; value: string; about: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong className="figure">{value}</strong> <span className="quiet">{about}</span>
      </dd>
    </div>
  );
}

/** A difference of probabilities, signed, and what it means: "+ 3.1 points", "it sees more". */
function shiftInWords(difference: number): { value: string; about: string } {
  const points = `${Math.abs(100 * difference).toFixed(1)} points`;
  if (points === "0.0 points") {
    return { value: points, about: "it sees as much" };
  }
  return difference > 0 ? { value: `+ ${points}`, about: "it sees more" } : { value: `− ${points}`, about: "it sees less" };
}

function Differing({ found, models }: { found: readonly ShadowDifference[]; models: readonly ModelSummary[] }) {
  if (found.length === 0) {
    return <p>On no capture do the labels differ.</p>;
  }
  return (
    <div className="scrolling" role="region" aria-label="Captures with different labels" tabIndex={0}>
      <table className="plain stacking">
        <caption>Captures with different labels, the newest first{found.length === 100 ? ", 100 at most" : ""}</caption>
        <thead>
          <tr>
            <th scope="col">Capture</th>
            <th scope="col">In service</th>
            <th scope="col">In the shadow</th>
          </tr>
        </thead>
        <tbody>
          {found.map((one) => (
            <tr key={one.capture_id}>
              <th scope="row">
                <CaseLink caseId={one.case_id} words={`${one.site}, ${shortTime(one.at)}`} />
              </th>
              <td data-name="In service">
                <span>
                  {LABELS[one.given_label]}, {percent(one.given_probability)}{" "}
                  <span className="quiet">
                    (<ModelOf digest={one.beside_digest} models={models} />)
                  </span>
                </span>
              </td>
              <td data-name="In the shadow">
                {LABELS[one.label]}, {percent(one.probability)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CaseLink({ caseId, words }: { caseId: string | null; words: string }) {
  return caseId === null ? (
    words
  ) : (
    <Link to="/cases/$caseId" params={{ caseId }}>
      {words}
    </Link>
  );
}
