import type { ReactNode } from "react";

/** One place of a plot; both are shares, from 0 to 1. */
export type Place = readonly [x: number, y: number];

/** A line of a plot. Lines differ by dash and by the shape of their points, never by colour alone. */
export interface Series {
  readonly name: string;
  readonly places: readonly Place[];
  /** Places that are marked with a point. */
  readonly marked: readonly Place[];
  /** The second of two: dashed, with square points. */
  readonly isOther: boolean;
}

interface Props {
  /** What the picture shows, in words, for those who do not see it. */
  words: string;
  xName: string;
  yName: string;
  series: readonly Series[];
}

const SIZE = 260;
const LEFT = 42;
const BOTTOM = 40;
const TOP = 10;
const RIGHT = 12;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

function x(share: number): number {
  return LEFT + share * (SIZE - LEFT - RIGHT);
}

function y(share: number): number {
  return SIZE - BOTTOM - share * (SIZE - TOP - BOTTOM);
}

/** Lines in a square whose sides are shares, with the diagonal on which chance, or a perfect match, would lie. */
export function SquarePlot({ words, xName, yName, series }: Props) {
  return (
    <figure className="plot">
      <svg viewBox={`0 0 ${String(SIZE)} ${String(SIZE)}`} role="img" aria-label={words}>
        {TICKS.map((tick) => (
          <Tick key={tick} tick={tick} />
        ))}
        <line className="diagonal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        {series.map(({ name, places, marked, isOther }) => (
          <g key={name} className={isOther ? "series other" : "series"}>
            <polyline points={places.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(" ")} />
            {marked.map(([px, py], index) => (
              <Mark key={index} place={[px, py]} isOther={isOther} />
            ))}
          </g>
        ))}
        <text className="axis-name" x={x(0.5)} y={SIZE - 6}>
          {xName}
        </text>
        <text className="axis-name" transform={`translate(11 ${String(y(0.5))}) rotate(-90)`}>
          {yName}
        </text>
      </svg>
      <figcaption aria-hidden="true">
        {series.map(({ name, isOther }) => (
          <Legend key={name} isOther={isOther}>
            {name}
          </Legend>
        ))}
      </figcaption>
    </figure>
  );
}

function Tick({ tick }: { tick: number }) {
  const words = String(100 * tick);
  return (
    <g className="tick">
      <line x1={x(tick)} y1={y(0)} x2={x(tick)} y2={y(1)} />
      <line x1={x(0)} y1={y(tick)} x2={x(1)} y2={y(tick)} />
      <text className="below" x={x(tick)} y={y(0) + 14}>
        {words}
      </text>
      <text className="beside" x={x(0) - 5} y={y(tick) + 4}>
        {words}
      </text>
    </g>
  );
}

function Mark({ place: [px, py], isOther }: { place: Place; isOther: boolean }) {
  return isOther ? (
    <rect x={x(px) - 3.5} y={y(py) - 3.5} width={7} height={7} />
  ) : (
    <circle cx={x(px)} cy={y(py)} r={3.8} />
  );
}

function Legend({ isOther, children }: { isOther: boolean; children: ReactNode }) {
  return (
    <span>
      <svg viewBox="0 0 34 12" width={34} height={12}>
        <g className={isOther ? "series other" : "series"}>
          <polyline points="0,6 34,6" />
          {isOther ? <rect x={13.5} y={2.5} width={7} height={7} /> : <circle cx={17} cy={6} r={3.8} />}
        </g>
      </svg>
      {children}
    </span>
  );
}
