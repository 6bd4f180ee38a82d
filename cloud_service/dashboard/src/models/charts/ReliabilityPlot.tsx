import type { NamedModel } from "../gate.ts";
import { share } from "../../words.ts";
import { type Series, SquarePlot } from "./SquarePlot.tsx";

/** What two models say beside what the images are; on the diagonal a probability means what it says. */
export function ReliabilityPlot({ challenger, champion }: { challenger: NamedModel; champion: NamedModel | null }) {
  const both = [challenger, ...(champion === null ? [] : [champion])];
  const series = both.map((model, index): Series => {
    const places = said(model).map(({ mean, are }) => [mean, are] as const);
    return { name: model.name, places, marked: places, isOther: index === 1 };
  });
  return (
    <SquarePlot
      words={`Reliability. ${both.map(inWords).join(" ")}`}
      xName="What it said on average, %"
      yName="How many are ALL, %"
      series={series}
    />
  );
}

/** What was said at all: bins that hold images. */
function said({ on: { calibration } }: NamedModel): { mean: number; are: number; images: number }[] {
  return calibration.bins.flatMap(({ mean_probability: mean, share_with_all: are, images }) =>
    mean === null || are === null ? [] : [{ mean, are, images }],
  );
}

function inWords(model: NamedModel): string {
  const parts = said(model).map(({ mean, are, images }) => `said ${share(mean)}, are ${share(are)} of ${String(images)}`);
  return `${model.name}: off by ${share(model.on.calibration.expected_error)} on average; ${parts.join("; ")}.`;
}
