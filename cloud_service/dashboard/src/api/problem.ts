/** What the API answered instead of what was asked for (RFC 9457); the message is for a person. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }

  static async of(answer: Response): Promise<Problem> {
    const fallback = `The server answered ${String(answer.status)} ${answer.statusText}.`;
    if (!(answer.headers.get("content-type") ?? "").includes("json")) {
      return new Problem(answer.status, fallback);
    }
    const { detail } = (await answer.json()) as { detail?: unknown };
    return new Problem(answer.status, typeof detail === "string" ? detail : fallback);
  }
}

/** No answer came at all. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor() {
    super("The server does not answer. Is Smearflow running, and is the network there?");
  }
}

/** Whether the session has ended, so that only a new log-in helps. */
export function isLoggedOut(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}

/** Whether somebody else has changed it since it was read. */
export function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.status === 409;
}

/** An error's words for a person. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
