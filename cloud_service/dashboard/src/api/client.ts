import createClient from "openapi-fetch";

import type { paths } from "../api.gen.ts";
import { session } from "../session/session.ts";
import { Problem, Unreachable } from "./problem.ts";

const SESSION = "/api/v1/session";

/**
 * The API, typed by its own description: `answer(api.GET("/api/v1/captures/{capture_id}", { params: … }))`.
 *
 * A request that meets an ended session waits until the same person has logged in again over the page, and is then
 * sent once more: whoever asked notices nothing, and nothing that was typed is lost.
 */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  // The header tells the API that this page asks, and not another site with this browser's cookie.
  headers: { "X-Smearflow-Page": "1" },
  fetch: send,
});

api.use({
  async onResponse({ response }) {
    if (!response.ok) {
      throw await Problem.of(response);
    }
  },
});

/** What the API answered. Throws a Problem where it refuses, and Unreachable where no answer comes. */
export async function answer<Data>(call: Promise<{ data: Data } | { data?: never }>): Promise<Data> {
  return (await call).data as Data;
}

async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await reach(request);
  if (response.status !== 401 || new URL(request.url).pathname === SESSION || !session.isOpen) {
    return response;
  }
  await session.expire();
  return reach(again);
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) {
      throw error;
    }
    throw new Unreachable();
  }
}

/** A capture's image, scaled so that its longer edge has `edge` pixels; without one, the bytes as they are stored. */
export function imageUrl(id: string, edge?: number): string {
  return `/api/v1/captures/${id}/image${edge === undefined ? "" : `?edge=${String(edge)}`}`;
}

export function thumbnailUrl(id: string): string {
  return imageUrl(id, 160);
}
