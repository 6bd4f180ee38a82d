import type { ActivationView } from "../api.gen.ts";
import { ACTIVATIONS } from "./words.ts";

/** How a model came into service and by whom: "Promoted by a.lang, approved by b.kern". */
export function ByWhom({ activation: { kind, by, approved_by } }: { activation: ActivationView }) {
  if (kind === "initial") {
    return <p>{ACTIVATIONS.initial}</p>;
  }
  return (
    <p>
      {kind === "rollback" ? "Rolled back" : "Promoted"} by <strong>{by}</strong>
      {approved_by !== null && (
        <>
          , approved by <strong>{approved_by}</strong>
        </>
      )}
    </p>
  );
}
