/** What the address of a new training asks for. */
export interface NewTrainingSearch {
  /** Id of the version of a recipe to begin from. */
  readonly recipe?: string;
}

export function parseNewTrainingSearch({ recipe }: Record<string, unknown>): NewTrainingSearch {
  return typeof recipe === "string" ? { recipe } : {};
}
