import type { CapturePage, CaptureState, CaptureSummary } from "../api.gen.ts";
import { isWithin, type Span } from "./day.ts";

/** Which captures are shown: those in one of the states (in any, where empty) that were taken in the span (ever, where null). */
export interface Filter {
  readonly states: readonly CaptureState[];
  readonly span: Span | null;
}

export const EVERY_CAPTURE: Filter = { states: [], span: null };

/** A capture as it was told at a position of the event log. */
export interface Row {
  readonly capture: CaptureSummary;
  readonly position: number;
}

export interface Captures {
  /** By capture id, so that no capture can stand here twice. */
  readonly rows: ReadonlyMap<string, Row>;
  /** Only captures that it lets through stand here. */
  readonly filter: Filter;
  /** The server has older ones than the oldest here. */
  readonly more: boolean;
  /** So many rows are kept; the oldest go first. */
  readonly limit: number;
  /** The first page has come. */
  readonly loaded: boolean;
  /** The latest answers of the model, of captures here or not: told once more with its capture, one is not new. */
  readonly known: ReadonlySet<string>;
  /** Answers of the model that came while the page was open. */
  readonly answers: number;
}

export type Change =
  | { readonly type: "loaded"; readonly filter: Filter; readonly page: CapturePage }
  | { readonly type: "asked older"; readonly atMost: number }
  | { readonly type: "older"; readonly filter: Filter; readonly page: CapturePage }
  | { readonly type: "told"; readonly rows: readonly Row[] };

/** Rows that are kept without anybody asking for older ones. */
export const KEPT = 200;

/** More than this makes a page slow, and nobody reads it. */
export const MOST = 2000;

export const NO_CAPTURES: Captures = {
  rows: new Map(),
  filter: EVERY_CAPTURE,
  more: false,
  limit: KEPT,
  loaded: false,
  known: new Set(),
  answers: 0,
};

export function captures(state: Captures, change: Change): Captures {
  switch (change.type) {
    case "loaded":
      return merged({ ...fresh(state, change.filter), more: change.page.more }, rowsOf(change.page));
    case "asked older":
      // Were the oldest row to go before the answer is there, it would be missing between the others and those that come.
      return { ...state, limit: Math.min(MOST, state.rows.size + change.atMost) };
    case "older": {
      if (state.filter !== change.filter) {
        return state; // its rows begin behind the last one of another list
      }
      const limit = Math.min(MOST, state.rows.size + change.page.captures.length);
      return merged({ ...state, limit, more: change.page.more }, rowsOf(change.page));
    }
    case "told": {
      const answers = state.answers + newAnswers(state.known, change.rows).size;
      const known = withAnswers(state.known, change.rows);
      return merged({ ...state, known, answers }, withoutUnloaded(state, change.rows));
    }
  }
}

/** Newest announcement first; the id decides between equals, as on the server. */
export function newestFirst(state: Captures): Row[] {
  return [...state.rows.values()].sort(byAge);
}

function byAge(a: Row, b: Row): number {
  const apart = Date.parse(b.capture.announced_at) - Date.parse(a.capture.announced_at);
  if (apart !== 0) {
    return apart;
  }
  return a.capture.id < b.capture.id ? 1 : -1;
}

function rowsOf(page: CapturePage): Row[] {
  return page.captures.map((capture) => ({ capture, position: page.position }));
}

function fresh(state: Captures, filter: Filter): Captures {
  return { ...NO_CAPTURES, filter, loaded: true, known: state.known, answers: state.answers };
}

/** A later position wins; one that was here already, or comes late, changes nothing. */
function merged(before: Captures, news: readonly Row[]): Captures {
  const state = { ...before, known: withAnswers(before.known, news) };
  const rows = new Map(state.rows);
  for (const row of news) {
    const known = rows.get(row.capture.id);
    if (known === undefined || known.position < row.position) {
      rows.set(row.capture.id, row);
    }
    if (!passes(state.filter, row.capture)) {
      rows.delete(row.capture.id);
    }
  }
  if (rows.size <= state.limit) {
    return { ...state, rows };
  }
  const kept = [...rows.values()].sort(byAge).slice(0, state.limit);
  return { ...state, rows: new Map(kept.map((row) => [row.capture.id, row])), more: true };
}

function passes({ states, span }: Filter, capture: CaptureSummary): boolean {
  return (states.length === 0 || states.includes(capture.state)) && isWithin(span, capture.captured_at);
}

/** Leaves out captures that are older than what is loaded: between them and the rows there may be others. */
function withoutUnloaded(state: Captures, news: readonly Row[]): readonly Row[] {
  if (!state.more) {
    return news;
  }
  const oldest = newestFirst(state).at(-1);
  return news.filter((row) => state.rows.has(row.capture.id) || oldest === undefined || byAge(row, oldest) < 0);
}

function newAnswers(known: ReadonlySet<string>, news: readonly Row[]): Set<string> {
  const told = news
    .filter(({ capture }) => capture.state === "analysed")
    .map(({ capture }) => `${capture.id} ${capture.prediction?.created_at ?? ""}`);
  return new Set(told.filter((answer) => !known.has(answer)));
}

/** As many of the latest as rows are kept: a page may stay open for weeks. */
function withAnswers(known: ReadonlySet<string>, news: readonly Row[]): ReadonlySet<string> {
  const told = newAnswers(known, news);
  return told.size === 0 ? known : new Set([...known, ...told].slice(-MOST));
}
