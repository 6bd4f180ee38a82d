import { answer, api } from "../api/client.ts";
import { wordsOf } from "../api/problem.ts";

/** Where the browser finds the map of the model's attention for a capture. */
export function attentionUrl(id: string): string {
  return `/api/v1/captures/${id}/attention`;
}

/** Why the browser got no such map, in the server's words; null: there is one, as after a log-in over the page. */
export async function whyNoAttention(id: string): Promise<string | null> {
  try {
    await answer(
      api.GET("/api/v1/captures/{capture_id}/attention", { params: { path: { capture_id: id } }, parseAs: "blob" }),
    );
    return null;
  } catch (error) {
    return wordsOf(error);
  }
}
