import { useState } from "react";

import { Confirm } from "../admin/Confirm.tsx";
import type { ModelSummary } from "../api.gen.ts";
import { reject } from "./api.ts";
import { ReasonField } from "./ReasonField.tsx";
import { nameOfModel } from "./words.ts";

/** Decides against a model, with the reason. */
export function Reject({ model, onClose }: { model: ModelSummary; onClose: () => void }) {
  const [reason, setReason] = useState("");
  return (
    <Confirm
      title={`Reject ${nameOfModel(model)}?`}
      action="Reject"
      doing="Rejecting…"
      isDestructive
      act={() => reject(model.digest, reason)}
      onClose={onClose}
    >
      <p>
        It comes into service no more, and a shadow run of it ends. Its package, card and answers stay. This cannot be
        taken back.
      </p>
      <ReasonField help="It stands in the audit trail for ever." reason={reason} onChange={setReason} />
    </Confirm>
  );
}
