import type { CaseState, CaseSummary, Holder, Sort, WorkQueue } from "../api.gen.ts";

/** The parts of the worklist, in their order: the queues, those with a failed image wherever they stand, and all. */
export const TABS = ["critical", "review", "routine", "cannot_say", "failed", "waiting", "done", "all"] as const;

const QUEUES: readonly WorkQueue[] = ["critical", "review", "routine", "cannot_say", "waiting", "done"];

export type Tab = (typeof TABS)[number];

const HOLDERS: readonly Holder[] = ["mine_or_unclaimed", "mine", "unclaimed", "all"];
const STATES: readonly CaseState[] = ["open", "preliminary", "claimed", "signed", "amended"];
const SORTS: readonly Sort[] = ["worklist", "newest", "oldest"];

/** Which cases are wanted, as the address says it; what is absent is as usual. */
export interface WorklistSearch {
  queue?: Tab;
  holder?: Holder;
  site?: string;
  device?: string;
  state?: CaseState;
  /** The beginning of a pseudonym or of a smear's name. */
  search?: string;
  /** The newest image's first and last day, as YYYY-MM-DD in the reader's own time. */
  from?: string;
  to?: string;
  sort?: Sort;
}

export const USUAL = { queue: "critical", holder: "mine_or_unclaimed", sort: "worklist" } as const;

/** What an address asks for; words that mean nothing are left out. */
export function readSearch(given: Record<string, unknown>): WorklistSearch {
  return tidy({
    queue: oneOf(TABS, given.queue),
    holder: oneOf(HOLDERS, given.holder),
    site: text(given.site),
    device: text(given.device),
    state: oneOf(STATES, given.state),
    search: text(given.search),
    from: day(given.from),
    to: day(given.to),
    sort: oneOf(SORTS, given.sort),
  });
}

/** Without what is absent or as usual, so that addresses stay short and equal ones are equal. */
export function tidy(search: { [Name in keyof WorklistSearch]: WorklistSearch[Name] | undefined }): WorklistSearch {
  const usual: Record<string, string> = USUAL;
  return Object.fromEntries(
    Object.entries(search).filter(([name, value]) => value !== undefined && value !== "" && value !== usual[name]),
  );
}

/** What the API is asked for, apart from the queue and the order. */
export function filtersOf({ holder = USUAL.holder, site, device, state, search, from, to }: WorklistSearch) {
  return {
    holder,
    ...(site !== undefined && { site }),
    ...(device !== undefined && { device }),
    ...(state !== undefined && { state: [state] }),
    ...(search !== undefined && { search }),
    ...(from !== undefined && { since: startOf(from, 0) }),
    ...(to !== undefined && { until: startOf(to, 1) }),
  };
}

/** What of a tab the API is asked for. */
export function queueOf({ queue = USUAL.queue }: WorklistSearch): { queue?: WorkQueue[]; failed?: boolean } {
  switch (queue) {
    case "all":
      return {};
    case "failed":
      return { failed: true };
    default:
      return { queue: [queue] };
  }
}

/** Whether a case belongs to what is wanted, as the API decides it; `me` is the user who asks. */
export function matches(found: CaseSummary, search: WorklistSearch, me: string): boolean {
  const { queue, failed } = queueOf(search);
  const { holder, site, device, state, search: words, since, until } = filtersOf(search);
  const latest = Date.parse(found.latest_at);
  return (
    (queue?.includes(found.queue) ?? true) &&
    (failed !== true || found.failed_images > 0) &&
    isHeld(found.held_by, holder, me) &&
    (site ?? found.site) === found.site &&
    (device ?? found.device) === found.device &&
    (state?.includes(found.state) ?? true) &&
    (words === undefined || beginsWith(found, words)) &&
    (since === undefined || latest >= Date.parse(since)) &&
    (until === undefined || latest < Date.parse(until))
  );
}

/** The order of the list, as the API has it. */
export function orderOf({ sort = USUAL.sort }: WorklistSearch): (one: CaseSummary, other: CaseSummary) => number {
  switch (sort) {
    case "worklist":
      return (one, other) =>
        QUEUES.indexOf(one.queue) - QUEUES.indexOf(other.queue) ||
        one.place - other.place ||
        Date.parse(one.opened_at) - Date.parse(other.opened_at) ||
        byId(one, other);
    case "newest":
      return (one, other) => Date.parse(other.latest_at) - Date.parse(one.latest_at) || byId(other, one);
    case "oldest":
      return (one, other) => Date.parse(one.latest_at) - Date.parse(other.latest_at) || byId(one, other);
  }
}

function byId(one: CaseSummary, other: CaseSummary): number {
  return one.id < other.id ? -1 : Number(one.id > other.id);
}

function isHeld(by: string | null, holder: Holder, me: string): boolean {
  switch (holder) {
    case "all":
      return true;
    case "mine":
      return by === me;
    case "unclaimed":
      return by === null;
    case "mine_or_unclaimed":
      return by === null || by === me;
  }
}

function beginsWith({ pseudonym, smear }: CaseSummary, words: string): boolean {
  const beginning = words.toLowerCase();
  return pseudonym.startsWith(beginning) || (smear?.toLowerCase().startsWith(beginning) ?? false);
}

/** The beginning of a day, or of one some days later, in the reader's own time. */
function startOf(date: string, later: number): string {
  const start = new Date(`${date}T00:00:00`);
  start.setDate(start.getDate() + later);
  return start.toISOString();
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

function day(value: unknown): string | undefined {
  return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
}
