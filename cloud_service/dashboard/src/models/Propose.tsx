import { TriangleAlert } from "lucide-react";
import { useState } from "react";

import { Confirm } from "../admin/Confirm.tsx";
import type { AssessmentSummary, ProposalRequest } from "../api.gen.ts";
import { FailedChecks } from "./FailedChecks.tsx";
import { ReasonField } from "./ReasonField.tsx";
import { inScope } from "./words.ts";

interface Props {
  /** On the ground of which it is proposed, where it was assessed for. */
  assessment: AssessmentSummary;
  act: (wish: ProposalRequest) => Promise<unknown>;
  onClose: () => void;
}

/** Proposes that a model comes into service; against the gate only with a reason of its own. */
export function Propose({ assessment, act, onClose }: Props) {
  const [reason, setReason] = useState("");
  const [override, setOverride] = useState("");
  const { id, scope, passed, failed, model_name, model_version, champion_name, champion_version } = assessment;
  const wish = { scope, assessment_id: id, reason, override_reason: passed ? null : override };
  return (
    <Confirm
      title={`Propose ${model_name} ${model_version}`}
      action={passed ? "Propose" : "Propose against the gate"}
      doing="Proposing…"
      isDestructive={!passed}
      act={() => act(wish)}
      onClose={onClose}
    >
      <p>
        It is to answer {inScope(scope)}
        {champion_name !== null && (
          <>
            {" "}
            in place of <strong>{`${champion_name} ${champion_version ?? ""}`}</strong>
          </>
        )}
        . Nothing changes yet: another administrator must approve it. You cannot approve your own proposal.
      </p>
      <ReasonField reason={reason} onChange={setReason} />
      {!passed && (
        <>
          <div className="against-the-gate">
            <TriangleAlert aria-hidden="true" />
            <div>
              <strong>This model did not pass the gate.</strong> Read in its comparison by how much, before you go on.
              <FailedChecks titles={failed} />
            </div>
          </div>
          <ReasonField
            label="Why in spite of that"
            help="Whoever approves it reads this first. It stands in the audit trail for ever."
            reason={override}
            onChange={setOverride}
          />
        </>
      )}
    </Confirm>
  );
}
