import { useQuery } from "@tanstack/react-query";

import { Asked } from "../admin/Asked.tsx";
import { plural } from "../admin/figures.ts";
import type { ProposalView } from "../api.gen.ts";
import { decide, proposalsQuery } from "./api.ts";
import { ProposalList } from "./ProposalList.tsx";

/** Who wants which model in service; of one model alone where its digest is given. */
export function Proposals({ digest }: { digest?: string }) {
  const proposals = useQuery(proposalsQuery);
  return (
    <Asked query={proposals} what="proposals">
      {(all) => <Listed proposals={digest === undefined ? all : all.filter(({ model_digest }) => model_digest === digest)} />}
    </Asked>
  );
}

/**
 * What waits for a decision, and, folded away, what was decided. The list of what waits is there although it is empty:
 * a window of it that was refused says why when its proposal waits no more.
 */
function Listed({ proposals }: { proposals: readonly ProposalView[] }) {
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
