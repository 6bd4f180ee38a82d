import { CircleCheck, CircleX } from "lucide-react";
import { type SubmitEvent, useEffect, useState } from "react";

import { answer, api } from "../api/client.ts";
import { isConflict, wordsOf } from "../api/problem.ts";
import type { CaseDetail } from "../api.gen.ts";
import { Dialog } from "../design/Dialog.tsx";
import { freshCase, patchCase } from "./useCase.ts";
import type { Review } from "./useReview.ts";
import { VERDICTS } from "./words.ts";

const DIGITS = 8;

interface Props {
  detail: CaseDetail;
  review: Review;
  onClose: () => void;
  onSigned: (detail: CaseDetail) => void;
}

/** The signature: what must be so before it, and the identity, typed by hand. */
export function SignDialog({ detail, review, onClose, onSigned }: Props) {
  const [typed, setTyped] = useState("");
  const [state, setState] = useState<"settling" | "ready" | "signing">("settling");
  const [fault, setFault] = useState<string | null>(null);
  const amends = detail.signed_at !== null;
  const { verdict, reason, conclusion } = review.words;
  const expected = detail.pseudonym.slice(0, DIGITS);
  const missing = missingWords(amends, reason, conclusion);
  const ready = state === "ready" && missing === null && detail.checks.every(({ passed }) => passed);

  const settle = review.settle;
  const id = detail.id;
  useEffect(() => {
    let ended = false;
    // The checks are of what the server has, so all that is under way goes first.
    settle()
      .then((settled) => (settled ? freshCase(id).then(() => true) : false))
      .then(
        (settled) => {
          if (!ended) {
            setState("ready");
            setFault(settled ? null : "Not everything is saved yet: close this window and see why.");
          }
        },
        (error: unknown) => {
          if (!ended) {
            setFault(wordsOf(error));
          }
        },
      );
    return () => {
      ended = true;
    };
    // Once, when the window opens: nothing can be changed behind it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const sign = (event: SubmitEvent) => {
    event.preventDefault();
    if (!ready || verdict === null) {
      return;
    }
    setState("signing");
    setFault(null);
    const body = { version: detail.version, confirmed_pseudonym: typed };
    const params = { path: { case_id: detail.id } };
    const call =
      amends && reason !== null && conclusion !== null
        ? answer(
            api.POST("/api/v1/cases/{case_id}/amendment", {
              params,
              body: { ...body, verdict, conclusion, amendment_reason: reason },
            }),
          )
        : answer(api.POST("/api/v1/cases/{case_id}/signature", { params, body }));
    call.then(
      (signed) => {
        patchCase(detail.id, () => signed as CaseDetail);
        onSigned(signed as CaseDetail);
      },
      async (error: unknown) => {
        setFault(wordsOf(error));
        if (isConflict(error)) {
          await freshCase(detail.id);
        }
        setState("ready");
      },
    );
  };

  return (
    <Dialog title={amends ? "Sign the amendment" : "Sign the diagnosis"} open onClose={onClose}>
      <form className="fields" onSubmit={sign}>
        {verdict !== null && (
          <p>
            Your verdict on the case: <strong>{VERDICTS[verdict].word}</strong>
          </p>
        )}
        <ul className="checks" aria-label="Before you sign" aria-busy={state === "settling"}>
          {detail.checks.map(({ passed, text }) => (
            <li key={text} className={passed ? "passed" : "missing"}>
              {passed ? <CircleCheck aria-hidden="true" /> : <CircleX aria-hidden="true" />}
              <span>
                <span className="visually-hidden">{passed ? "Done: " : "Missing: "}</span>
                {text}
              </span>
            </li>
          ))}
          {missing !== null && (
            <li className="missing">
              <CircleX aria-hidden="true" /> <span>{missing}</span>
            </li>
          )}
        </ul>
        <label htmlFor="confirmed-pseudonym">Whose case is this? Type the first eight digits of the pseudonym</label>
        <input
          id="confirmed-pseudonym"
          className="digits"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          maxLength={DIGITS}
          placeholder={"·".repeat(DIGITS)}
          value={typed}
          aria-describedby="confirmed-pseudonym-hint"
          onChange={(event) => {
            setTyped(event.target.value.toLowerCase().replace(/[^0-9a-f]/g, ""));
          }}
        />
        <p id="confirmed-pseudonym-hint" className={typed.length === DIGITS && typed !== expected ? "fault" : "quiet"}>
          {typed.length === DIGITS && typed !== expected
            ? "These are not the digits of the case before you. Look again whose it is."
            : "They stand at the top of the page. Compare them with the request."}
        </p>
        {fault !== null && (
          <p role="alert" className="fault">
            {fault}
          </p>
        )}
        <p className="small-text quiet">
          For research use only. Your name, the time and all that you found go into a report that is never changed; what is
          wrong in it is amended by another one.
        </p>
        <p className="buttons">
          <button type="submit" className="primary" disabled={!ready || typed !== expected}>
            {state === "signing" ? "Signing…" : "Sign"}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function missingWords(amends: boolean, reason: string | null, conclusion: string | null): string | null {
  if (!amends || (reason !== null && conclusion !== null)) {
    return null;
  }
  return reason === null ? "Say what is amended, and why." : "An amendment needs a conclusion.";
}
