import type { CaseSummary } from "../api.gen.ts";
import { Bar } from "../design/Bar.tsx";
import { percent } from "../words.ts";
import { ANSWER_SIGNS } from "./words.ts";
import "./cases.css";

type Finding = Pick<CaseSummary, "answer" | "wording" | "probability" | "reasons" | "doubted_images" | "failed_images">;

/** What the model's answers on a case say together: a sign, words, the probability, and what speaks against relying on it. */
export function CaseFinding({ finding }: { finding: Finding }) {
  const { answer, wording, probability } = finding;
  const { icon: Icon } = ANSWER_SIGNS[answer ?? "none"];
  return (
    <div className={`case-finding ${answer ?? "none"}`}>
      <span className="case-wording">
        <Icon aria-hidden="true" />
        {wording}
      </span>
      {probability !== null && answer !== "cannot_say" && (
        <span className="case-probability" title="the highest probability of blast features among the answers that are not doubted">
          <Bar probability={probability} />
          {percent(probability)}
        </span>
      )}
      <Caveat finding={finding} />
    </div>
  );
}

/** The first thing that a reader should know beside the answer; the case's own page tells all of them. */
function Caveat({ finding: { answer, reasons, doubted_images: doubted, failed_images: failed } }: { finding: Finding }) {
  if (answer === "cannot_say") {
    return <span className="case-caveat">{reasons[0]}</span>;
  }
  const parts = [doubted > 0 && `${String(doubted)} doubted`, failed > 0 && `${String(failed)} failed`].filter(Boolean);
  return parts.length === 0 ? null : <span className="case-caveat">{parts.join(", ")}</span>;
}
