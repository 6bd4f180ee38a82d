import type { SignKind } from "../admin/StateSign.tsx";
import type { ProposalState, ProposalView } from "../api.gen.ts";

/** What can be done with an open proposal. */
export type Decision = "approve" | "refuse" | "withdraw";

export const PROPOSALS: Record<ProposalState, { readonly kind: SignKind; readonly word: string }> = {
  open: { kind: "waiting", word: "Waits for another administrator" },
  approved: { kind: "good", word: "Approved" },
  refused: { kind: "trouble", word: "Refused" },
  withdrawn: { kind: "off", word: "Withdrawn" },
  overtaken: { kind: "off", word: "Overtaken: another model came into service meanwhile" },
};

/**
 * What somebody may do with a proposal: his own he can only withdraw; that of another he refuses, or approves where
 * nothing speaks against it. The server asks again.
 */
export function decisionsOn(proposal: ProposalView): readonly Decision[] {
  if (proposal.state !== "open") {
    return [];
  }
  if (proposal.is_own) {
    return ["withdraw"];
  }
  return proposal.obstacle === null ? ["approve", "refuse"] : ["refuse"];
}
