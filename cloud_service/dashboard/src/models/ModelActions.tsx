import { useState } from "react";

import type { ModelDetail } from "../api.gen.ts";
import { Assess } from "./Assess.tsx";
import { Reject } from "./Reject.tsx";

type Deed = "assess" | "reject";

/** What an administrator can do with a model; it is proposed where its comparison was read. */
export function ModelActions({ model }: { model: ModelDetail }) {
  const [open, setOpen] = useState<Deed | null>(null);
  const close = () => {
    setOpen(null);
  };
  if (model.state === "rejected") {
    return null;
  }
  return (
    <>
      {model.is_kept && (
        <button
          type="button"
          onClick={() => {
            setOpen("assess");
          }}
        >
          Assess…
        </button>
      )}
      {model.active_in.length === 0 && (
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
