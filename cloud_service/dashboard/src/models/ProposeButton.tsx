import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { AssessmentSummary } from "../api.gen.ts";
import { may, useMe } from "../session/me.ts";
import { propose, proposalsQuery } from "./api.ts";
import { Propose } from "./Propose.tsx";

/** The way to a proposal, once it is known that nothing stands against one; its window stays whatever happens meanwhile. */
export function ProposeButton({ assessment }: { assessment: AssessmentSummary }) {
  const [open, setOpen] = useState(false);
  const mayManage = may(useMe(), "manage-models");
  const proposals = useQuery(proposalsQuery).data;
  const isOpen = proposals?.some(
    ({ state, model_digest, scope }) => state === "open" && model_digest === assessment.model_digest && scope === assessment.scope,
  );
  return (
    <>
      {mayManage && isOpen === false && assessment.overtaken === null && (
        <button
          type="button"
          className={assessment.passed ? "primary" : undefined}
          onClick={() => {
            setOpen(true);
          }}
        >
          Propose…
        </button>
      )}
      {open && (
        <Propose
          assessment={assessment}
          act={(wish) => propose(assessment.model_digest, wish)}
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </>
  );
}
