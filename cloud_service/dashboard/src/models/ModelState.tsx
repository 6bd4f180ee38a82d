import { StateSign } from "../admin/StateSign.tsx";
import type { ModelSummary } from "../api.gen.ts";
import { MODEL_STATES, scopeName } from "./words.ts";

/** What a model is to the service, and where it answers. */
export function ModelState({ model: { state, active_in, is_kept } }: { model: ModelSummary }) {
  const { kind, word, meaning } = MODEL_STATES[state];
  return (
    <div className="signs" title={meaning}>
      <StateSign kind={kind} words={active_in.length === 0 ? word : `${word}: ${active_in.map(scopeName).join(", ")}`} />
      {!is_kept && <span className="quiet">its package is not kept here</span>}
    </div>
  );
}
