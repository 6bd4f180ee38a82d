import { TriangleAlert } from "lucide-react";

import { plural } from "../admin/figures.ts";
import { summaryOf } from "./cardSummary.ts";
import type { RawCard } from "./rawCard.ts";

/** What a clinician needs to know of a model, before the whole of its card. */
export function CardSummary({ card }: { card: RawCard }) {
  const { meaning, figures, ground, limits } = summaryOf(card);
  return (
    <section className="card model-part in-short" aria-labelledby="in-short-title">
      <h2 id="in-short-title">In short, for the reader of a case</h2>
      {meaning !== null && <p>{meaning}</p>}
      {figures.length === 0 ? (
        <p>The card does not say how often it is right.</p>
      ) : (
        <>
          <ul>
            {figures.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
          <p className="quiet">{ground}</p>
        </>
      )}
      {limits.length > 0 && (
        <p className="aside">
          <TriangleAlert aria-hidden="true" />{" "}
          <span>
            {plural(limits.length, "limit")} {limits.length === 1 ? "stands" : "stand"} on its card: <a href="#limits">read them first</a>.
          </span>
        </p>
      )}
      <p>Its answer on an image is a preliminary finding, for research use only. The diagnosis is a person’s, who signs it.</p>
    </section>
  );
}
