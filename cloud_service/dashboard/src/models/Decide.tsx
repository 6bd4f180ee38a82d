import { useState } from "react";

import { Confirm } from "../admin/Confirm.tsx";
import type { ProposalView } from "../api.gen.ts";
import type { Decision } from "./proposal.ts";
import { Override } from "./ProposalList.tsx";
import { ReasonField } from "./ReasonField.tsx";
import { inScope } from "./words.ts";

interface Props {
  proposal: ProposalView;
  decision: Decision;
  act: (reason: string) => Promise<unknown>;
  onClose: () => void;
}

const WORDS: Record<Decision, { title: (model: string) => string; action: string; doing: string; isDestructive?: true }> = {
  approve: { title: (model) => `Put ${model} into service?`, action: "Approve", doing: "Approving…" },
  refuse: { title: (model) => `Refuse ${model}?`, action: "Refuse", doing: "Refusing…", isDestructive: true },
  withdraw: { title: (model) => `Withdraw the proposal of ${model}?`, action: "Withdraw", doing: "Withdrawing…" },
};

/** Asks before a proposal is decided on, and says what will come of it. */
export function Decide({ proposal, decision, act, onClose }: Props) {
  const [reason, setReason] = useState("");
  const { title, ...words } = WORDS[decision];
  return (
    <Confirm
      title={title(`${proposal.model_name} ${proposal.model_version}`)}
      {...words}
      act={() => act(reason)}
      onClose={onClose}
    >
      <Meaning proposal={proposal} decision={decision} />
      {decision !== "withdraw" && <ReasonField reason={reason} onChange={setReason} />}
    </Confirm>
  );
}

function Meaning({ proposal, decision }: { proposal: ProposalView; decision: Decision }) {
  if (decision === "approve") {
    return (
      <>
        {proposal.override_reason !== null && <Override reason={proposal.override_reason} />}
        <ul className="what-happens">
          <li>
            It answers new captures {inScope(proposal.scope)} within seconds, without a restart. The model that is in
            service there retires, and one click goes back to it.
          </li>
          <li>No capture is lost, and what was answered stays as it is.</li>
          <li>
            <strong>{proposal.proposed_by}</strong> proposed it; your name stands beside it as the second person.
          </li>
        </ul>
      </>
    );
  }
  return decision === "refuse" ? (
    <p>It does not come into service by this proposal. The model stays a candidate and can be proposed anew.</p>
  ) : (
    <p>Nobody decides on it any more. The model stays as it is and can be proposed anew.</p>
  );
}
