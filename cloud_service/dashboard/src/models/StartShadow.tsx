import { useState } from "react";

import { Confirm } from "../admin/Confirm.tsx";
import { Field } from "../admin/Field.tsx";
import type { ModelSummary } from "../api.gen.ts";
import { startShadow } from "./api.ts";
import { ScopeField } from "./ScopeField.tsx";
import { EVERYWHERE, nameOfModel } from "./words.ts";

/** Asks where, and how many of the captures, a model is to answer in the shadow. */
export function StartShadow({ model, onClose }: { model: ModelSummary; onClose: () => void }) {
  const [scope, setScope] = useState(EVERYWHERE);
  const [percentage, setPercentage] = useState("10");
  return (
    <Confirm
      title={`Shadow run of ${nameOfModel(model)}`}
      action="Start"
      doing="Starting…"
      act={() => startShadow(model.digest, scope, Number(percentage) / 100)}
      onClose={onClose}
    >
      <p>
        From now on it also answers a share of the captures, after the model in service and only when no capture waits.
        No case, device or report shows its answers.
      </p>
      <ScopeField help="Whose captures it answers too." scope={scope} onChange={setScope} />
      <Field label="Share of the captures, in percent" help="More captures tell more, and cost more of the workers' time.">
        {(wiring) => (
          <input
            {...wiring}
            type="number"
            required
            min="0.1"
            max="100"
            step="0.1"
            value={percentage}
            onChange={({ target }) => {
              setPercentage(target.value);
            }}
          />
        )}
      </Field>
    </Confirm>
  );
}
