import { TriangleAlert } from "lucide-react";
import { useState } from "react";

import { wordsOf } from "../api/problem.ts";
import { useMe } from "../session/me.ts";
import type { Draft } from "./drafts.ts";
import { freshCase } from "./useCase.ts";
import type { Review } from "./useReview.ts";
import { VERDICTS } from "./words.ts";

/** Says that somebody else has changed the case, what, and what becomes of the reader's own words. */
export function Trouble({ caseId, review: { saver, saving } }: { caseId: string; review: Review }) {
  const me = useMe();
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  if (saving.state !== "conflict" && saving.state !== "refused") {
    return null;
  }
  const reload = (then: "keepMine" | "keepTheirs") => () => {
    setBusy(true);
    freshCase(caseId)
      .then(
        ({ version, held_by }) => {
          setFault(null);
          saver[then]({ version, mine: held_by === me.user });
        },
        (error: unknown) => {
          setFault(wordsOf(error));
        },
      )
      .finally(() => {
        setBusy(false);
      });
  };
  return (
    <div role="alert" className="case-trouble">
      <TriangleAlert aria-hidden="true" />
      <div>
        <h2>{saving.state === "conflict" ? "Somebody else has changed this case" : "This was not saved"}</h2>
        <p>{saving.words}</p>
        <p>
          What you decided and typed is kept in this browser until you choose.
          {saving.state === "conflict" && " Load the case anew, and:"}
        </p>
        <p className="buttons">
          <button type="button" className="primary" disabled={busy} onClick={reload("keepMine")}>
            {saving.state === "conflict" ? "Reload, and save mine on top" : "Try again"}
          </button>
          <button type="button" disabled={busy} onClick={reload("keepTheirs")}>
            {saving.state === "conflict" ? "Reload, and drop mine" : "Drop it"}
          </button>
        </p>
        {fault !== null && <p className="fault">{fault}</p>}
        <details>
          <summary>What is not saved</summary>
          <Unsaved draft={saver.draft.get()} />
        </details>
      </div>
    </div>
  );
}

function Unsaved({ draft: { reading, findings } }: { draft: Draft }) {
  const images = Object.values(findings);
  return (
    <ul className="small-text">
      {reading?.verdict != null && <li>Verdict on the case: {VERDICTS[reading.verdict].word}</li>}
      {reading?.reason != null && <li>Reason: {reading.reason}</li>}
      {reading?.conclusion != null && <li>Conclusion: {reading.conclusion}</li>}
      {images.map(({ verdict, reason }, place) => (
        <li key={place}>
          An image: {verdict === null ? "no verdict" : VERDICTS[verdict].word}
          {reason !== null && `; ${reason}`}
        </li>
      ))}
    </ul>
  );
}
