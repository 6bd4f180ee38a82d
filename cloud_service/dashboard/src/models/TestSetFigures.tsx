import { TriangleAlert } from "lucide-react";
import { useId } from "react";

import { plural } from "../admin/figures.ts";
import type { Comparison, PairedCounts, TestSetFigures as Figures } from "../api.gen.ts";
import { Confusion } from "./charts/Confusion.tsx";
import { ReliabilityPlot } from "./charts/ReliabilityPlot.tsx";
import { RocPlot } from "./charts/RocPlot.tsx";
import { pairedMeasures } from "./gate.ts";
import { PairedTable } from "./PairedTable.tsx";

interface Names {
  challenger: string;
  champion: string | null;
}

/** Two models on the images of one locked test set: figures, curves, and how often each was right. */
export function TestSetFigures({ found, ...names }: { found: Figures } & Names) {
  const id = useId();
  const { name, number, site, comparison } = found;
  return (
    <section className="card model-part" aria-labelledby={id}>
      <h2 id={id}>
        {name}, version {number}
      </h2>
      <p className="quiet">
        A locked test set {site === null ? "of all sites" : `of site ${site}`}: {plural(found.images, "image")} in{" "}
        {plural(found.groups, "group")} ({plural(found.positives, "image")} with ALL). No training may use it.
      </p>
      <Compared comparison={comparison} {...names} />
    </section>
  );
}

function Compared({ comparison, challenger, champion }: { comparison: Comparison } & Names) {
  const first = { name: challenger, on: comparison.challenger };
  const second = comparison.champion === null || champion === null ? null : { name: champion, on: comparison.champion };
  return (
    <>
      <Warnings warnings={comparison.warnings} />
      <PairedTable
        caption="Figures with their 95 % intervals. Differences are paired: both models saw the same images."
        challenger={challenger}
        champion={second?.name ?? null}
        measures={pairedMeasures(comparison)}
      />
      <Side counts={comparison.with_all} of="with ALL" names={{ challenger, champion }} />
      <Side counts={comparison.without_all} of="without ALL" names={{ challenger, champion }} />
      <div className="plots">
        <div>
          <h3>ROC</h3>
          <RocPlot challenger={first} champion={second} />
        </div>
        <div>
          <h3>Reliability</h3>
          <ReliabilityPlot challenger={first} champion={second} />
        </div>
      </div>
      <h3>Right and wrong</h3>
      <div className="plots">
        <Confusion name={challenger} counts={first.on.confusion} />
        {second !== null && <Confusion name={second.name} counts={second.on.confusion} />}
      </div>
    </>
  );
}

function Warnings({ warnings }: { warnings: readonly string[] }) {
  return warnings.length === 0 ? null : (
    <ul className="limits warnings">
      {warnings.map((warning) => (
        <li key={warning}>
          <TriangleAlert aria-hidden="true" /> <span>{warning}</span>
        </li>
      ))}
    </ul>
  );
}

/** On which images the two differ, in whole images. */
function Side({ counts, of, names: { challenger, champion } }: { counts: PairedCounts | null; of: string; names: Names }) {
  if (counts === null || champion === null) {
    return null;
  }
  const { both, only_challenger, only_champion, neither } = counts;
  const all = both + only_challenger + only_champion + neither;
  return (
    <p>
      Of {plural(all, "image")} {of}: both right on <strong>{both}</strong>, only {challenger} on <strong>{only_challenger}</strong>,
      only {champion} on <strong>{only_champion}</strong>, neither on <strong>{neither}</strong>.
    </p>
  );
}
