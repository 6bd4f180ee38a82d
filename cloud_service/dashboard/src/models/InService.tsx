import { Undo2 } from "lucide-react";
import { useState } from "react";

import { StateSign } from "../admin/StateSign.tsx";
import { useNow } from "../admin/useNow.ts";
import { When } from "../admin/When.tsx";
import type { ActivationView, ModelSummary } from "../api.gen.ts";
import { may, useMe } from "../session/me.ts";
import { ByWhom } from "./ByWhom.tsx";
import { ModelLink } from "./ModelLink.tsx";
import { RollBack } from "./RollBack.tsx";
import { inService } from "./timeline.ts";
import { scopeName } from "./words.ts";

interface Props {
  timeline: readonly ActivationView[];
  /** Undefined until they are loaded: which model one would go back to is not known before. */
  models: readonly ModelSummary[] | undefined;
}

/** What answers where now, and the way back from it. */
export function InService({ timeline, models }: Props) {
  const now = useNow();
  const mayManage = may(useMe(), "manage-models");
  const [leaving, setLeaving] = useState<ActivationView | null>(null);
  const open = inService(timeline);
  return (
    <section className="part" aria-labelledby="in-service-title">
      <h2 id="in-service-title">In service now</h2>
      {open.length === 0 ? (
        <p className="nothing-yet">No model is in service yet. The first worker puts the one that it was given there.</p>
      ) : (
        <ul className="in-service">
          {open.map((activation) => (
            <li key={activation.id} className="card">
              <p className="scope">
                <StateSign kind="good" words={scopeName(activation.scope)} />
              </p>
              <p className="figure">
                <ModelLink model={modelOf(activation)} />
              </p>
              <p className="quiet">
                since <When moment={activation.from_at} now={now} />
              </p>
              <ByWhom activation={activation} />
              <p className="reason-given">{activation.reason}</p>
              {mayManage && models !== undefined && (
                <div className="buttons">
                  <button
                    type="button"
                    aria-label={`Roll back ${scopeName(activation.scope)}`}
                    onClick={() => {
                      setLeaving(activation);
                    }}
                  >
                    <Undo2 aria-hidden="true" /> Roll back…
                  </button>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {leaving !== null && models !== undefined && (
        <RollBack
          activation={leaving}
          timeline={timeline}
          models={models}
          onClose={() => {
            setLeaving(null);
          }}
        />
      )}
    </section>
  );
}

function modelOf({ model_digest, model_name, model_version }: ActivationView) {
  return { digest: model_digest, name: model_name, version: model_version };
}
