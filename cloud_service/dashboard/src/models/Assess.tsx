import { useState } from "react";

import { Confirm } from "../admin/Confirm.tsx";
import type { ModelSummary } from "../api.gen.ts";
import type { AssessmentRequest } from "../api.gen.ts";
import { assess } from "./api.ts";
import { MEASURES } from "./gate.ts";
import { ScopeField } from "./ScopeField.tsx";
import { EVERYWHERE, nameOfModel } from "./words.ts";

type Promised = AssessmentRequest["promises"][number];

const PROMISABLE: readonly Promised[] = ["balanced_accuracy", "accuracy", "roc_auc", "recall_all", "recall_not_all"];

/** Has a model measured against the one in service; what it promises to be better in is chosen before it is known. */
export function Assess({ model, onClose }: { model: ModelSummary; onClose: () => void }) {
  const [scope, setScope] = useState(EVERYWHERE);
  const [promises, setPromises] = useState<readonly Promised[]>(["balanced_accuracy"]);
  return (
    <Confirm
      title={`Assess ${nameOfModel(model)}`}
      action="Assess"
      doing="Queueing…"
      act={() => assess(model.digest, { scope, promises: [...promises] })}
      onClose={onClose}
    >
      <p>
        A worker measures it and the model in service on the same locked test images, checks package, runtimes, calibration
        and speed, and looks which signed cases it would have called otherwise. It takes minutes; nothing changes by it.
      </p>
      <ScopeField help="Where it is meant to answer: the test sets of that site count, and those of all sites." scope={scope} onChange={setScope} />
      <fieldset className="choices">
        <legend>Better, or equal, in</legend>
        {PROMISABLE.map((measure) => (
          <label key={measure}>
            <input
              type="checkbox"
              checked={promises.includes(measure)}
              onChange={({ target }) => {
                setPromises(PROMISABLE.filter((one) => (one === measure ? target.checked : promises.includes(one))));
              }}
            />{" "}
            {MEASURES[measure]?.name}
          </label>
        ))}
        <p className="quiet">Beside a sensitivity that may not be worse by more than the gate’s margin. Promise before you know.</p>
      </fieldset>
    </Confirm>
  );
}
