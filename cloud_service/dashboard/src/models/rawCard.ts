/** A model's card as its package holds it; of older schema versions, some of it may be missing. */
export type RawCard = Readonly<Record<string, unknown>>;

export function part(raw: unknown): Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {};
}

export function list(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}

export function texts(raw: unknown): string[] {
  return list(raw).filter((item) => typeof item === "string");
}

export function text(raw: unknown): string | null {
  return typeof raw === "string" && raw !== "" ? raw : null;
}

export function number(raw: unknown): number | null {
  return typeof raw === "number" ? raw : null;
}
