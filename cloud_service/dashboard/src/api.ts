import type {
  CaptureCounts,
  CaptureDetail,
  CapturePage,
  CaptureState,
  CaptureSummary,
  DeviceSummary,
  Me,
  Refusals,
} from "./api.gen.ts";

/** What the API answered instead of what was asked for (RFC 9457); the message is for a person. */
export class Problem extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** Whether the session has ended, so that only a new log-in helps. */
export function isLoggedOut(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}

export const PAGE_SIZE = 100;

export async function logIn(user: string, password: string): Promise<Me> {
  return (await send("POST", "/api/v1/session", { user, password })).json() as Promise<Me>;
}

export async function logOut(): Promise<void> {
  await send("DELETE", "/api/v1/session");
}

/** Who is logged in, where the session still holds. */
export async function whoAmI(): Promise<Me> {
  return read<Me>("/api/v1/session");
}

/** Ends every session of the user, this one too. */
export async function changePassword(present: string, fresh: string): Promise<void> {
  await send("PUT", "/api/v1/session/password", { present, new: fresh });
}

/** Captures, newest announcement first: those in one of `states` (all, where empty), before the capture `before`. */
export async function fetchCaptures(states: readonly CaptureState[], before: string | null): Promise<CapturePage> {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  for (const state of states) {
    query.append("state", state);
  }
  if (before !== null) {
    query.set("before", before);
  }
  return read<CapturePage>(`/api/v1/captures?${query.toString()}`);
}

export async function fetchCapture(id: string): Promise<CaptureDetail> {
  return read<CaptureDetail>(`/api/v1/captures/${id}`);
}

export async function retryCapture(id: string): Promise<CaptureSummary> {
  return (await send("POST", `/api/v1/captures/${id}/retry`)).json() as Promise<CaptureSummary>;
}

/** What stands around the captures. */
export interface Overview {
  counts: CaptureCounts;
  devices: DeviceSummary[];
  refusals: Refusals;
}

export async function fetchOverview(): Promise<Overview> {
  const [counts, devices, refusals] = await Promise.all([
    read<CaptureCounts>("/api/v1/captures/counts"),
    read<DeviceSummary[]>("/api/v1/devices"),
    read<Refusals>("/api/v1/refusals?limit=20"),
  ]);
  return { counts, devices, refusals };
}

export function imageUrl(id: string): string {
  return `/api/v1/captures/${id}/image`;
}

export function thumbnailUrl(id: string): string {
  return `/api/v1/captures/${id}/thumbnail`;
}

async function read<Answer>(path: string): Promise<Answer> {
  return (await send("GET", path)).json() as Promise<Answer>;
}

async function send(method: string, path: string, body?: object): Promise<Response> {
  // The header tells the API that this page asks, and not another site with this browser's cookie.
  const headers: Record<string, string> = { "X-Smearflow-Page": "1" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  if (!answer.ok) {
    throw new Problem(answer.status, await detailOf(answer));
  }
  return answer;
}

async function detailOf(answer: Response): Promise<string> {
  const fallback = `The server answered ${String(answer.status)} ${answer.statusText}.`;
  if (!(answer.headers.get("content-type") ?? "").includes("json")) {
    return fallback;
  }
  const problem = (await answer.json()) as { detail?: unknown };
  return typeof problem.detail === "string" ? problem.detail : fallback;
}
