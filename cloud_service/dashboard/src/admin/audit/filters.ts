import { type Day, parseDay, ALL_DAYS, spanOf } from "../../captures/day.ts";

/** What the address asks the audit trail for. */
export interface AuditSearch {
  readonly actor?: string;
  readonly action?: string;
  readonly subject?: string;
  /** The first day. */
  readonly from?: Day;
  /** The last day. */
  readonly to?: Day;
}

/** What the API is asked for; the names of its query. */
export interface AuditQuery {
  readonly actor?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Reads the filters from the address; what makes no sense is left out. */
export function parseAuditSearch(raw: Record<string, unknown>): AuditSearch {
  return {
    ...text("actor", raw.actor),
    ...text("action", raw.action),
    ...text("subject", raw.subject),
    ...day("from", raw.from),
    ...day("to", raw.to),
  };
}

/** The same filters as the API takes them: both days are meant with all their hours. */
export function auditQuery({ from, to, ...rest }: AuditSearch): AuditQuery {
  return {
    ...rest,
    ...(from !== undefined && { from: spanOf(from).from }),
    ...(to !== undefined && { to: spanOf(to).to }),
  };
}

/** One filter set to what was typed; an empty one goes. */
export function withFilter(search: AuditSearch, name: keyof AuditSearch, value: string): AuditSearch {
  return parseAuditSearch({ ...search, [name]: value.trim() });
}

function text<Name extends string>(name: Name, raw: unknown): Partial<Record<Name, string>> {
  const given = typeof raw === "string" ? raw.trim() : "";
  return given === "" ? {} : ({ [name]: given } as Record<Name, string>);
}

function day<Name extends string>(name: Name, raw: unknown): Partial<Record<Name, Day>> {
  const given = parseDay(raw);
  return given === null || given === ALL_DAYS ? {} : ({ [name]: given } as Record<Name, Day>);
}
