import { useState } from "react";

import type { ModelSummary } from "../api.gen.ts";
import { Assess } from "./Assess.tsx";
import { Reject } from "./Reject.tsx";

type Deed = "assess" | "reject";

/** What an administrator can do with a model; it is proposed where its comparison was read. */
export function ModelActions({ model }: { model: ModelSummary }) {
  const [open, setOpen] = useState<Deed | null>(null);
  const close = () => {
    setOpen(null);
  };
  // A window stays although another has rejected the model meanwhile: it says so, and what was typed is not lost.
  const isOver = model.state === "rejected";
  return (
    <>
      {!isOver && model.is_kept && (
        <button
          type="button"
          onClick={() => {
            setOpen("assess");
          }}
        >
          Assess…
        </button>
      )}
      {!isOver && model.active_in.length === 0 && (
        <button
          type="button"
          onClick={() => {
            setOpen("reject");
          }}
        >
          Reject…
        </button>
      )}
      {open === "assess" && <Assess model={model} onClose={close} />}
      {open === "reject" && <Reject model={model} onClose={close} />}
    </>
  );
}
