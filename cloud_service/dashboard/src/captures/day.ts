/** A day in the reader's time zone, written 2026-11-22. */
export type Day = string;

/** Stands in the address where no day is chosen, but all of them. */
export const ALL_DAYS = "all";

/** From the first moment of a day up to, and without, the first one of the next; ISO 8601 in UTC. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/** The day on which a moment lies, where the reader sits. */
export function dayOf(moment: Date): Day {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${String(moment.getFullYear())}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** The day that the address names, or ALL_DAYS; null where it names none that exists. */
export function parseDay(text: unknown): Day | null {
  if (text === ALL_DAYS) {
    return text;
  }
  if (typeof text !== "string" || !DAY.test(text)) {
    return null;
  }
  return dayOf(startOf(text)) === text ? text : null;
}

/** The day so many days later, or earlier. */
export function shifted(day: Day, days: number): Day {
  const start = startOf(day);
  return dayOf(new Date(start.getFullYear(), start.getMonth(), start.getDate() + days));
}

/** All moments of a day; 23 or 25 hours where the clocks are changed. */
export function spanOf(day: Day): Span {
  return { from: startOf(day).toISOString(), to: startOf(shifted(day, 1)).toISOString() };
}

/** Whether a moment lies in a span; in any, where there is none. */
export function isWithin(span: Span | null, moment: string): boolean {
  const at = Date.parse(moment);
  return span === null || (Date.parse(span.from) <= at && at < Date.parse(span.to));
}

const LONG = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });

/** A day in words, for a person who knows which one today is. */
export function dayInWords(day: Day, today: Day): string {
  if (day === today) {
    return "today";
  }
  return day === shifted(today, -1) ? "yesterday" : LONG.format(startOf(day));
}

/** The first moment of a day. */
export function startOf(day: Day): Date {
  const [, year, month, date] = DAY.exec(day) ?? [];
  return new Date(Number(year), Number(month) - 1, Number(date));
}
