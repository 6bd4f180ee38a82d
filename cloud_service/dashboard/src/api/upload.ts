import { session } from "../session/session.ts";
import { Problem, Unreachable } from "./problem.ts";

/** How far a file is on its way to the server. */
export interface Sent {
  readonly bytes: number;
  readonly total: number;
}

/**
 * Sends a file as the whole body of a POST, and tells how far it is; returns what the API answered.
 *
 * It goes by XMLHttpRequest, as `fetch` says nothing of what was sent. Throws as `answer` does, and a DOMException named
 * "AbortError" where the signal ended it.
 */
export async function upload(path: string, file: Blob, onSent: (sent: Sent) => void, signal: AbortSignal): Promise<unknown> {
  const first = await send(path, file, onSent, signal);
  const response = first.status === 401 && session.isOpen ? await sentAgain(path, file, onSent, signal) : first;
  if (!response.ok) {
    throw await Problem.of(response);
  }
  return response.json();
}

async function sentAgain(...sending: Parameters<typeof send>): Promise<Response> {
  await session.expire();
  return send(...sending);
}

function send(path: string, file: Blob, onSent: (sent: Sent) => void, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      reject(new DOMException("The upload was ended.", "AbortError"));
    };
    if (signal.aborted) {
      aborted();
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("X-Smearflow-Page", "1");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => {
      onSent({ bytes: loaded, total });
    };
    request.onload = () => {
      const type = request.getResponseHeader("Content-Type") ?? "";
      const { status, statusText, responseText } = request;
      resolve(new Response(responseText, { status, statusText, headers: { "Content-Type": type } }));
    };
    request.onerror = () => {
      reject(new Unreachable());
    };
    request.onabort = aborted;
    signal.addEventListener("abort", () => {
      request.abort();
    });
    request.send(file);
  });
}
