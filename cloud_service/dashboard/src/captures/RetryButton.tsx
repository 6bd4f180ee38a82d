import { use, useState } from "react";

import { answer, api } from "../api/client.ts";
import { wordsOf } from "../api/problem.ts";
import { may, MeContext } from "../session/me.ts";

/** Lets those who may try a failed analysis again; what comes of it arrives with the events. */
export function RetryButton({ id }: { id: string }) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  if (!may(use(MeContext), "retry-analyses")) {
    return null;
  }
  return (
    <>
      <button
        type="button"
        disabled={busy}
        onClick={(event) => {
          event.stopPropagation();
          setBusy(true);
          setFault(null);
          answer(api.POST("/api/v1/captures/{capture_id}/retry", { params: { path: { capture_id: id } } }))
            .catch((error: unknown) => {
              setFault(wordsOf(error));
            })
            .finally(() => {
              setBusy(false);
            });
        }}
      >
        {busy ? "Retrying…" : "Retry"}
      </button>
      {fault !== null && (
        <span role="alert" className="fault">
          {fault}
        </span>
      )}
    </>
  );
}
