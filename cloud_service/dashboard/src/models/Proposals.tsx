import { useQuery } from "@tanstack/react-query";

import { plural } from "../admin/figures.ts";
import { decide, proposalsQuery } from "./api.ts";
import { ProposalList } from "./ProposalList.tsx";

/**
 * Who wants which model in service: what waits for a decision, and, folded away, what was decided. The list of what
 * waits is there although it is empty: a window of it that was refused says why when its proposal waits no more.
 */
export function Proposals({ digest }: { digest?: string }) {
  const all = useQuery(proposalsQuery).data ?? [];
  const proposals = digest === undefined ? all : all.filter(({ model_digest }) => model_digest === digest);
  const open = proposals.filter(({ state }) => state === "open");
  const over = proposals.filter(({ state }) => state !== "open");
  if (proposals.length === 0) {
    return null;
  }
  return (
    <section className="part" aria-labelledby="proposals-title">
      <h2 id="proposals-title">Proposals</h2>
      {open.length === 0 && <p className="quiet">None waits for a decision.</p>}
      <ProposalList proposals={open} decide={decide} />
      {over.length > 0 && (
        <details className="others">
          <summary>{plural(over.length, "proposal")} that nobody waits for any more</summary>
          <ProposalList proposals={over} decide={decide} />
        </details>
      )}
    </section>
  );
}
