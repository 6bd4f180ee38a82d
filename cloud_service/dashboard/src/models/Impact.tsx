import { Link } from "@tanstack/react-router";
import { CircleAlert, Info } from "lucide-react";

import { plural } from "../admin/figures.ts";
import type { CaseAnswer, ImpactEntry, ImpactImage, ImpactSummary } from "../api.gen.ts";
import { ANSWER_SIGNS } from "../cases/words.ts";
import { percent, shortTime } from "../words.ts";
import { VERDICTS } from "../case/words.ts";
import { CHANGES } from "./gate.ts";
import { LABELS } from "./words.ts";

interface Props {
  cases: readonly ImpactEntry[];
  /** The signed cases that were looked at; null: none could be. */
  summary: ImpactSummary | null;
  challenger: string;
  champion: string | null;
}

/** Signed cases that the new model would have called otherwise, for a person to look at before it comes into service. */
export function Impact({ cases, summary, challenger, champion }: Props) {
  return (
    <section className="card model-part" aria-labelledby="impact-title">
      <h2 id="impact-title">Signed cases that it would have called otherwise</h2>
      {summary === null ? <p>Signed cases could not be looked at; the gate above says why.</p> : <Looked summary={summary} names={{ challenger, champion }} />}
      {cases.length > 0 && <Table cases={cases} names={{ challenger, champion }} />}
    </section>
  );
}

interface Names {
  challenger: string;
  champion: string | null;
}

/** What was looked at, and how often which change came of it. */
function Looked({ summary, names: { challenger, champion } }: { summary: ImpactSummary; names: Names }) {
  const { cases, of_cases, images, suspicious, challenger_found, champion_found, trained_on, unreadable } = summary;
  if (cases === 0) {
    return <p>No signed case was there to look at: nobody has judged images of one here.</p>;
  }
  return (
    <>
      <p className="quiet">
        {cases === of_cases ? plural(cases, "signed case") : `The newest ${String(cases)} of ${plural(of_cases, "signed case")}`} with{" "}
        {plural(images, "image")} that people have judged. What was signed stays as it is; a model’s answer is a preliminary
        finding.
      </p>
      <p>
        Of {plural(suspicious, "case")} signed as suspicious, {challenger} calls <strong>{challenger_found}</strong> so
        {champion !== null && champion_found !== null && (
          <>
            , {champion} <strong>{champion_found}</strong>
          </>
        )}
        .
      </p>
      {trained_on > 0 && (
        <p className="aside">
          <Info aria-hidden="true" /> {plural(trained_on, "image")} among them {trained_on === 1 ? "is" : "are"} in data sets for training: on
          {trained_on === 1 ? " it" : " them"} a model may look better than it is.
        </p>
      )}
      {unreadable > 0 && (
        <p className="aside">
          <Info aria-hidden="true" /> {plural(unreadable, "image")} could not be read and {unreadable === 1 ? "was" : "were"} left out.
        </p>
      )}
    </>
  );
}

function Table({ cases, names: { challenger, champion } }: { cases: readonly ImpactEntry[]; names: Names }) {
  return (
    <div className="scrolling" role="region" aria-label="Cases that it would have called otherwise" tabIndex={0}>
      <table className="plain stacking impact">
        <caption className="visually-hidden">Signed cases that it would have called otherwise, the gravest first</caption>
        <thead>
          <tr>
            <th scope="col">Case</th>
            <th scope="col">What would change</th>
            <th scope="col">Signed as</th>
            {champion !== null && <th scope="col">{champion}</th>}
            <th scope="col">{challenger}</th>
            <th scope="col">Images</th>
          </tr>
        </thead>
        <tbody>
          {cases.map((entry) => (
            <tr key={entry.case_id}>
              <th scope="row">
                <Link to="/cases/$caseId" params={{ caseId: entry.case_id }}>
                  {entry.case_id.slice(0, 8)}
                </Link>{" "}
                <span className="quiet">
                  {entry.site}, {shortTime(entry.signed_at)}
                </span>
              </th>
              <td data-name="What would change">
                <Change change={entry.change} isKnown={entry.trained_on} />
              </td>
              <td data-name="Signed as">{VERDICTS[entry.verdict].word}</td>
              {champion !== null && (
                <td data-name={champion}>
                  <Answer answer={entry.champion_answer} />
                </td>
              )}
              <td data-name={challenger}>
                <Answer answer={entry.challenger_answer} />
              </td>
              <td data-name="Images">
                <Images images={entry.images} hasChampion={champion !== null} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Change({ change, isKnown }: { change: ImpactEntry["change"]; isKnown: boolean }) {
  const { word, meaning, isGrave } = CHANGES[change];
  const Sign = isGrave ? CircleAlert : Info;
  return (
    <span className={isGrave ? "change grave" : "change"}>
      <Sign aria-hidden="true" />
      <span>
        <strong>{word}</strong> <span className="quiet">{meaning}</span>
        {isKnown && <span className="quiet">; images of this case are in a data set for training</span>}
      </span>
    </span>
  );
}

function Answer({ answer }: { answer: CaseAnswer | null }) {
  return answer === null ? <span className="quiet">–</span> : ANSWER_SIGNS[answer].word;
}

/** Image by image, folded away: the case's own page shows them. */
function Images({ images, hasChampion }: { images: readonly ImpactImage[]; hasChampion: boolean }) {
  if (images.length === 0) {
    return <span className="quiet">none differs by itself</span>;
  }
  return (
    <details>
      <summary>{plural(images.length, "image")}</summary>
      <ul className="impact-images">
        {images.map((image) => (
          <li key={image.capture_id}>
            {hasChampion && <>{said(image.champion_label, image.champion_probability, image.champion_doubted)} → </>}
            {said(image.challenger_label, image.challenger_probability, image.challenger_doubted)}
            {image.verdict !== null && (
              <span className="quiet"> (a person: {image.verdict ? "blast features seen" : "no blast features seen"})</span>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

function said(label: ImpactImage["champion_label"], probability: number | null, isDoubted: boolean | null): string {
  if (label === null || probability === null) {
    return "no answer";
  }
  return `${LABELS[label]}, ${percent(probability)}${isDoubted === true ? ", doubted" : ""}`;
}
