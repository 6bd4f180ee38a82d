import { Problem, wordsOf } from "../api/problem.ts";
import { attentionUrl } from "./deepZoom.ts";

/** Why there is no map of the model's attention for a capture, in the server's words. */
export async function whyNoAttention(id: string): Promise<string> {
  try {
    const response = await fetch(attentionUrl(id), { headers: { "X-Smearflow-Page": "1" } });
    return response.ok ? "The browser could not draw it. Try again." : (await Problem.of(response)).message;
  } catch (error) {
    return wordsOf(error);
  }
}
