/** What the address of a comparison holds: which assessment; none: the newest. */
export interface ComparisonSearch {
  readonly assessment?: string;
}

export function parseComparisonSearch({ assessment }: Record<string, unknown>): ComparisonSearch {
  return typeof assessment === "string" && assessment !== "" ? { assessment } : {};
}
