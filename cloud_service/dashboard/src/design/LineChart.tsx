import "uplot/dist/uPlot.min.css";
import "./chart.css";

import { useEffect, useRef } from "react";
import uPlot from "uplot";

import { theme } from "./theme.ts";

/** One line of a chart. Lines differ by dash and name, never by colour alone. */
export interface Line {
  readonly name: string;
  /** One for each x; null where there is none. */
  readonly ys: readonly (number | null)[];
  /** Name of a colour in tokens.css, as in "--accent". */
  readonly colour: string;
  readonly isDashed?: boolean;
}

interface Props {
  /** What x counts, in whole numbers, as in "Epoch". */
  xName: string;
  xs: readonly number[];
  lines: readonly Line[];
  /** A y in words, as in "98.4 %". */
  format: (y: number) => string;
}

const HEIGHT = 240;

/**
 * Lines over x. It is a picture for those who see: whoever uses it gives the same figures in words or in a table.
 *
 * To be used on pages that are loaded when they are opened, as it brings uPlot with it.
 */
export function LineChart({ xName, xs, lines, format }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const shape = JSON.stringify([xName, lines.map(({ name, colour, isDashed }) => [name, colour, isDashed])]);
  const latest = useRef({ xName, xs, lines, format });
  useEffect(() => {
    latest.current = { xName, xs, lines, format };
  });

  // The chart is made anew only where its lines are others; new figures are put into it.
  useEffect(() => {
    const element = place.current;
    if (element === null) {
      return;
    }
    const made = new uPlot(options(element, latest.current), columns(latest.current), element);
    chart.current = made;
    const sizes = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    sizes.observe(element);
    const redraw = () => {
      made.redraw(false, true);
    };
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", redraw);
    const unfollow = theme.follow(redraw);
    return () => {
      sizes.disconnect();
      system.removeEventListener("change", redraw);
      unfollow();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => {
    chart.current?.setData(columns({ xs, lines }));
  }, [xs, lines]);

  return <div ref={place} className="chart" aria-hidden="true" />;
}

function columns({ xs, lines }: Pick<Props, "xs" | "lines">): uPlot.AlignedData {
  return [[...xs], ...lines.map(({ ys }) => [...ys])];
}

function options(element: HTMLElement, { xName, lines, format }: Props): uPlot.Options {
  const ink = () => colourIn(element, "--quiet");
  const grid = { stroke: () => colourIn(element, "--line"), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui, sans-serif" };
  return {
    width: Math.max(element.clientWidth, 100),
    height: HEIGHT,
    scales: { x: { time: false, range: xRange } },
    axes: [
      { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
      { ...axis, size: 64, values: (_, splits) => splits.map(format) },
    ],
    series: [
      { label: xName },
      ...lines.map(({ name, colour, isDashed = false }) => ({
        label: name,
        stroke: () => colourIn(element, colour),
        width: 2,
        ...(isDashed && { dash: [7, 4] }),
        points: { size: 6, fill: () => colourIn(element, isDashed ? "--surface" : colour) },
        value: (_: uPlot, y: number | null) => (y === null ? "–" : format(y)),
      })),
    ],
    legend: { markers: { dash: (_, index) => (lines[index - 1]?.isDashed === true ? "dashed" : "solid"), width: 3 } },
    cursor: { drag: { x: false, y: false } },
  };
}

/** From the first x to the last; a single one stands in the middle. */
function xRange(_: uPlot, low: number, high: number): uPlot.Range.MinMax {
  return low === high ? [low - 1, high + 1] : [low, high];
}

/** A colour of tokens.css as it is now, light or dark; a canvas cannot read the names itself. */
function colourIn(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = "";
  return color;
}
