import { CircleCheck, CircleX } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";

import { answer, api } from "../api/client.ts";
import { isConflict, wordsOf } from "../api/problem.ts";
import type { CaseDetail } from "../api.gen.ts";
import { Dialog } from "../design/Dialog.tsx";
import type { CaseWords } from "./drafts.ts";
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

const NOT_SAVED = "Not everything is saved yet: close this window and see why.";

/** Unsettled: the server does not have all that the reader said, or does not tell its checks. */
type State = "settling" | "unsettled" | "ready" | "signing";

/** The signature: what must be so before it, and the identity, typed by hand. */
export function SignDialog({ detail, review, onClose, onSigned }: Props) {
  const [typed, setTyped] = useState("");
  const { state, fault, settleAgain, sign } = useSignature(detail, review, onSigned);
  const amends = detail.signed_at !== null;
  const { verdict, reason, conclusion } = review.words;
  const missing = missingWords(amends, reason, conclusion);
  const passes = verdict !== null && missing === null && detail.checks.every(({ passed }) => passed);
  const ready = state === "ready" && passes && typed === digitsOf(detail);
  return (
    <Dialog title={amends ? "Sign the amendment" : "Sign the diagnosis"} open onClose={onClose} mustAnswer={state === "signing"}>
      <form
        className="fields"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) {
            sign(typed);
          }
        }}
      >
        {verdict !== null && (
          <p>
            Your verdict on the case: <strong>{VERDICTS[verdict].word}</strong>
          </p>
        )}
        <Checks checks={detail.checks} missing={missing} isSettling={state === "settling"} />
        <Digits expected={digitsOf(detail)} typed={typed} onType={setTyped} />
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
          <button type="submit" className="primary" disabled={!ready}>
            {state === "signing" ? "Signing…" : "Sign"}
          </button>
          {state === "unsettled" && (
            <button type="button" onClick={settleAgain}>
              Try again
            </button>
          )}
          <button type="button" disabled={state === "signing"} onClick={onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}

/** Brings all that is under way to the server, and then the signature. */
function useSignature(detail: CaseDetail, review: Review, onSigned: Props["onSigned"]) {
  const [state, setState] = useState<State>("settling");
  const [fault, setFault] = useState<string | null>(null);
  const [tries, setTries] = useState(0);
  const settle = useEffectEvent(async () => {
    const isSaved = await review.settle();
    if (isSaved) {
      await freshCase(detail.id); // The checks are of what the server has.
    }
    return isSaved;
  });
  useEffect(() => {
    let ended = false;
    const end = (isSettled: boolean, words: string) => {
      if (!ended) {
        setState(isSettled ? "ready" : "unsettled");
        setFault(isSettled ? null : words);
      }
    };
    settle().then(
      (isSaved) => {
        end(isSaved, NOT_SAVED);
      },
      (error: unknown) => {
        end(false, wordsOf(error));
      },
    );
    return () => {
      ended = true;
    };
    // When the window opens, and when it is asked for again: nothing can be changed behind it.
  }, [tries]);

  const sign = (typed: string) => {
    setState("signing");
    setFault(null);
    sendSignature(detail, review.words, typed).then(
      (signed) => {
        patchCase(detail.id, () => signed);
        onSigned(signed);
      },
      async (error: unknown) => {
        setFault(wordsOf(error));
        const isKnown = !isConflict(error) || (await freshCase(detail.id).then(() => true, () => false));
        setState(isKnown ? "ready" : "unsettled");
      },
    );
  };
  const settleAgain = () => {
    setState("settling");
    setFault(null);
    setTries(tries + 1);
  };
  return { state, fault, settleAgain, sign };
}

async function sendSignature(detail: CaseDetail, { verdict, reason, conclusion }: CaseWords, typed: string): Promise<CaseDetail> {
  const params = { path: { case_id: detail.id } };
  const body = { version: detail.version, confirmed_pseudonym: typed };
  const signed =
    detail.signed_at !== null && verdict !== null && reason !== null && conclusion !== null
      ? await answer(
          api.POST("/api/v1/cases/{case_id}/amendment", {
            params,
            body: { ...body, verdict, conclusion, amendment_reason: reason },
          }),
        )
      : await answer(api.POST("/api/v1/cases/{case_id}/signature", { params, body }));
  // The client's types know pairs of numbers as lists only.
  return signed as CaseDetail;
}

interface ChecksProps {
  checks: CaseDetail["checks"];
  missing: string | null;
  isSettling: boolean;
}

function Checks({ checks, missing, isSettling }: ChecksProps) {
  return (
    <ul className="checks" aria-label="Before you sign" aria-busy={isSettling}>
      {checks.map(({ passed, text }) => (
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
  );
}

function Digits({ expected, typed, onType }: { expected: string; typed: string; onType: (typed: string) => void }) {
  const isWrong = typed.length === DIGITS && typed !== expected;
  return (
    <>
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
          onType(event.target.value.toLowerCase().replace(/[^0-9a-f]/g, ""));
        }}
      />
      <p id="confirmed-pseudonym-hint" className={isWrong ? "fault" : "quiet"}>
        {isWrong
          ? "These are not the digits of the case before you. Look again whose it is."
          : "They stand at the top of the page. Compare them with the request."}
      </p>
    </>
  );
}

function digitsOf({ pseudonym }: CaseDetail): string {
  return pseudonym.slice(0, DIGITS);
}

function missingWords(amends: boolean, reason: string | null, conclusion: string | null): string | null {
  if (!amends || (reason !== null && conclusion !== null)) {
    return null;
  }
  return reason === null ? "Say what is amended, and why." : "An amendment needs a conclusion.";
}
