import { use, useState } from "react";

import { retryCapture } from "./api.ts";
import { may, MeContext } from "./me.ts";

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
          retryCapture(id)
            .catch((error: unknown) => {
              setFault(error instanceof Error ? error.message : String(error));
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
