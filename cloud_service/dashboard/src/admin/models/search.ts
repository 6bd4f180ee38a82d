/** What the address of the models' page asks for. */
export interface ModelsSearch {
  /** Digest of the model whose card is shown; none: the newest. */
  readonly model?: string;
}

const DIGEST = /^[0-9a-f]{64}$/;

/** Reads the address; what makes no sense is left out. */
export function parseModelsSearch(raw: Record<string, unknown>): ModelsSearch {
  return typeof raw.model === "string" && DIGEST.test(raw.model) ? { model: raw.model } : {};
}
