import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";

import { StateSign } from "../admin/StateSign.tsx";
import { useNow } from "../admin/useNow.ts";
import { When } from "../admin/When.tsx";
import type { ProposalView } from "../api.gen.ts";
import { may, useMe } from "../session/me.ts";
import { Decide } from "./Decide.tsx";
import { ModelLink } from "./ModelLink.tsx";
import { type Decision, decisionsOn, PROPOSALS } from "./proposal.ts";
import { inScope } from "./words.ts";

interface Props {
  proposals: readonly ProposalView[];
  decide: (proposal: ProposalView, decision: Decision, reason: string) => Promise<unknown>;
}

const DEEDS: Record<Decision, string> = { approve: "Approve…", refuse: "Refuse…", withdraw: "Withdraw…" };

/** Proposals to put a model into service, each with who made it, why, and what one may do with it. */
export function ProposalList({ proposals, decide }: Props) {
  const [asked, setAsked] = useState<{ proposal: ProposalView; decision: Decision } | null>(null);
  return (
    <>
      {proposals.length > 0 && (
        <ul className="proposals">
          {proposals.map((proposal) => (
            <li key={proposal.id} className="card">
              <Told proposal={proposal} />
              <Deeds
                proposal={proposal}
                onChoose={(decision) => {
                  setAsked({ proposal, decision });
                }}
              />
            </li>
          ))}
        </ul>
      )}
      {asked !== null && (
        <Decide
          {...asked}
          act={(reason) => decide(asked.proposal, asked.decision, reason)}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </>
  );
}

function Told({ proposal }: { proposal: ProposalView }) {
  const now = useNow();
  const { kind, word } = PROPOSALS[proposal.state];
  const { model_digest: digest, model_name: name, model_version: version } = proposal;
  return (
    <div className="told">
      <StateSign kind={kind} words={word} />
      <p>
        <ModelLink model={{ digest, name, version }} /> {inScope(proposal.scope)}
      </p>
      <p>
        Proposed by <strong>{proposal.proposed_by}</strong> <When moment={proposal.proposed_at} now={now} />
      </p>
      <p className="reason-given">{proposal.reason}</p>
      {proposal.override_reason !== null && <Override reason={proposal.override_reason} />}
      {proposal.decided_by !== null && (
        <p>
          {word.split(":")[0]} by <strong>{proposal.decided_by}</strong> <When moment={proposal.decided_at} now={now} />
          {proposal.decision_reason !== null && `: ${proposal.decision_reason}`}
        </p>
      )}
      <p>
        <Link to="/models/$digest/comparison" params={{ digest }} search={{ assessment: proposal.assessment_id }}>
          Read the comparison of {name} {version}
        </Link>
        {proposal.passed ? ": it passed the gate." : ": it did not pass the gate."}
      </p>
    </div>
  );
}

/** That a model did not pass the gate, and why it is proposed all the same. */
export function Override({ reason }: { reason: string }) {
  return (
    <p className="against-the-gate">
      <TriangleAlert aria-hidden="true" />
      <span>
        <strong>Against the gate.</strong> It did not pass. {reason}
      </span>
    </p>
  );
}

/** What one may do with a proposal, and why not more. */
function Deeds({ proposal, onChoose }: { proposal: ProposalView; onChoose: (decision: Decision) => void }) {
  const me = useMe();
  if (!may(me, "manage-models") || proposal.state !== "open") {
    return null;
  }
  return (
    <div className="deeds">
      {proposal.obstacle !== null && <p className="quiet">You cannot approve it: {proposal.obstacle}</p>}
      <div className="buttons">
        {decisionsOn(proposal).map((decision) => (
          <button
            key={decision}
            type="button"
            className={decision === "approve" ? "primary" : undefined}
            onClick={() => {
              onChoose(decision);
            }}
          >
            {DEEDS[decision]}
          </button>
        ))}
      </div>
    </div>
  );
}
