import { useQuery } from "@tanstack/react-query";
import { ShieldAlert, ShieldCheck } from "lucide-react";

import type { AuditVerification } from "../../api.gen.ts";
import { Asked } from "../Asked.tsx";
import { plural } from "../figures.ts";
import { verificationQuery } from "./api.ts";

/** Whether the trail is as it was written. */
export function Verification() {
  const verification = useQuery(verificationQuery);
  return (
    <section className="verification" aria-label="Verification">
      <Asked query={verification} what="the verification">
        {(found) => <Found found={found} />}
      </Asked>
      <button type="button" disabled={verification.isFetching} onClick={() => void verification.refetch()}>
        {verification.isFetching ? "Checking…" : "Check again"}
      </button>
    </section>
  );
}

function Found({ found: { whole, fault, checked, first_checked, head } }: { found: AuditVerification }) {
  if (!whole) {
    return (
      <p role="alert" className="verdict broken">
        <ShieldAlert aria-hidden="true" />
        <span>
          <strong>The trail was tampered with.</strong> {fault}
        </span>
      </p>
    );
  }
  const which = first_checked <= 1 ? `All ${plural(checked, "entry", "entries")} are` : `The newest ${plural(checked, "entry", "entries")} are`;
  return (
    <p role="status" className="verdict whole">
      <ShieldCheck aria-hidden="true" />
      <span>
        <strong>Whole.</strong> {which} as they were written. The newest one, to be noted elsewhere:{" "}
        <code className="head">
          {head.position}:{head.hash}
        </code>
      </span>
    </p>
  );
}
