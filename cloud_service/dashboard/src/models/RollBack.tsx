import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { DialogForm, Refusal } from "../admin/DialogForm.tsx";
import { plural } from "../admin/figures.ts";
import { StateSign } from "../admin/StateSign.tsx";
import type { ActivationView, ModelSummary, Rollback } from "../api.gen.ts";
import { Dialog } from "../design/Dialog.tsx";
import { fullTime } from "../words.ts";
import { reanalyse, rollBack } from "./api.ts";
import { ReasonField } from "./ReasonField.tsx";
import { modelBefore } from "./timeline.ts";
import { inScope, scopeName } from "./words.ts";

interface Props {
  activation: ActivationView;
  timeline: readonly ActivationView[];
  models: readonly ModelSummary[];
  onClose: () => void;
}

/** Goes back to the model before, after saying what will happen; and then offers to analyse anew. */
export function RollBack({ activation, timeline, models, onClose }: Props) {
  const [reason, setReason] = useState("");
  // What was there when the window was opened: going back changes the timeline behind it.
  const [before] = useState(() => modelBefore(timeline, activation.scope, models));
  const [leaving] = useState(activation.model_digest);
  const going = useMutation({ mutationFn: () => rollBack(activation.scope, reason, leaving) });
  if (going.data !== undefined) {
    return <GoneBack done={going.data} onClose={onClose} />;
  }
  const title = `Roll back: ${scopeName(activation.scope)}`;
  if (before === null) {
    return (
      <Dialog open title={title} onClose={onClose}>
        <p>
          <strong>{nameIn(activation)}</strong> is the first model {inScope(activation.scope)}: there is none to go back to.
        </p>
      </Dialog>
    );
  }
  return (
    <DialogForm title={title} action="Roll back" doing="Rolling back…" isDestructive deed={going} onClose={onClose}>
      <ul className="what-happens">
        <li>
          <strong>{nameIn(activation)}</strong> goes out of service {inScope(activation.scope)}.
        </li>
        <li>
          {before === "everywhere" ? (
            <>The model of all sites answers there again.</>
          ) : (
            <>
              <strong>{nameIn(before)}</strong> answers there again, within seconds and without a restart.
            </>
          )}
        </li>
        <li>No capture is lost, and nothing is analysed anew: what was answered stays as it is. You are asked about that next.</li>
      </ul>
      <ReasonField reason={reason} onChange={setReason} />
    </DialogForm>
  );
}

/** What came of it, and the offer to analyse anew what the model that was left has answered. */
function GoneBack({ done: { activation, replaced, offer }, onClose }: { done: Rollback; onClose: () => void }) {
  const asking = useMutation({ mutationFn: () => reanalyse(offer.scope, offer.since) });
  return (
    <Dialog open title={`Rolled back: ${scopeName(offer.scope)}`} mustAnswer onClose={onClose}>
      <div className="dialog-form">
        <StateSign kind="good" words={`${nameIn(activation)} answers ${inScope(offer.scope)} from now on.`} />
        <Offer offer={offer} replaced={replaced} queued={asking.data?.captures} />
        <Refusal error={asking.error} />
        <div className="buttons">
          {offer.captures > 0 && asking.data === undefined && (
            <button
              type="button"
              className="primary"
              disabled={asking.isPending}
              onClick={() => {
                asking.mutate();
              }}
            >
              {asking.isPending ? "Queueing…" : `Analyse ${plural(offer.captures, "capture")} again`}
            </button>
          )}
          <button type="button" onClick={onClose}>
            {offer.captures > 0 && asking.data === undefined ? "Leave them as they are" : "Done"}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

function Offer({ offer, replaced, queued }: { offer: Rollback["offer"]; replaced: ActivationView; queued: number | undefined }) {
  if (queued !== undefined) {
    return (
      <p role="status">{plural(queued, "capture")} queued. Each keeps its answer until the new one is there.</p>
    );
  }
  if (offer.captures === 0) {
    return <p>No capture of an unsigned case waits to be analysed anew.</p>;
  }
  return (
    <p>
      Since {fullTime(offer.since)}, when <strong>{nameIn(replaced)}</strong> came into service, {plural(offer.captures, "capture")}{" "}
      of unsigned cases {offer.captures === 1 ? "was" : "were"} answered by another model than the one that is in service now.
      Signed cases stay as they are.
    </p>
  );
}

function nameIn({ model_name, model_version }: ActivationView): string {
  return `${model_name} ${model_version}`;
}
