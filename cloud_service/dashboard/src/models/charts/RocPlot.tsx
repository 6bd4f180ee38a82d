import { type NamedModel, thresholdOf } from "../gate.ts";
import { share } from "../../words.ts";
import { type Series, SquarePlot } from "./SquarePlot.tsx";

/** The ROC curves of two models, each with the place of its threshold. */
export function RocPlot({ challenger, champion }: { challenger: NamedModel; champion: NamedModel | null }) {
  const both = [challenger, ...(champion === null ? [] : [champion])];
  const series = both.map(({ name, on: { roc, confusion } }, index): Series => {
    const places = roc.false_positive_rate.map((alarms, at) => [alarms, roc.true_positive_rate[at] ?? 0] as const);
    return { name, places, marked: [thresholdOf(confusion)], isOther: index === 1 };
  });
  return (
    <SquarePlot
      words={`ROC curve. ${both.map(inWords).join(" ")}`}
      xName="False alarms (1 − specificity), %"
      yName="Sensitivity, %"
      series={series}
    />
  );
}

function inWords({ name, on: { figures, confusion } }: NamedModel): string {
  const [alarms, sensitivity] = thresholdOf(confusion);
  const auc = figures.measures.roc_auc;
  const area = auc == null ? "" : `area ${share(auc.value)}, `;
  return `${name}: ${area}at its threshold a sensitivity of ${share(sensitivity)} with ${share(alarms)} false alarms.`;
}
