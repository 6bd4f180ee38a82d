import { ArrowDown, ArrowUp, Equal, type LucideIcon } from "lucide-react";

import { asDifference, type PairedMeasure, type Told, tells, withInterval } from "./gate.ts";

interface Props {
  /** What images these are figures of. */
  caption: string;
  challenger: string;
  champion: string | null;
  measures: readonly PairedMeasure[];
}

const SIGNS: Record<Told, LucideIcon> = { better: ArrowUp, worse: ArrowDown, "cannot be told apart": Equal };

/** The measures of two models on the same images, each with its interval, and what the difference tells. */
export function PairedTable({ caption, challenger, champion, measures }: Props) {
  return (
    <table className="plain stacking paired">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Measure</th>
          <th scope="col">{challenger}</th>
          {champion !== null && (
            <>
              <th scope="col">{champion}</th>
              <th scope="col">Difference</th>
            </>
          )}
        </tr>
      </thead>
      <tbody>
        {measures.map((measure) => (
          <tr key={measure.name}>
            <th scope="row">
              {measure.name}
              {measure.isBetterLow && <span className="quiet"> (lower is better)</span>}
            </th>
            <td data-name={challenger}>{withInterval(measure.challenger, measure.isShare)}</td>
            {champion !== null && (
              <>
                <td data-name={champion}>{withInterval(measure.champion, measure.isShare)}</td>
                <td data-name="Difference">
                  <Difference measure={measure} />
                </td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Difference({ measure: { difference, isShare, isBetterLow } }: { measure: PairedMeasure }) {
  if (difference === null) {
    return "–";
  }
  const told = tells(difference, isBetterLow);
  const Sign = SIGNS[told];
  return (
    <span className="difference">
      {asDifference(difference, isShare)}
      <span className={`told ${told.replaceAll(" ", "-")}`}>
        <Sign className="small" aria-hidden="true" /> {told}
      </span>
    </span>
  );
}
