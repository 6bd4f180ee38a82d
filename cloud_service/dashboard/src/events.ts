import type { CaptureSummary } from "./api.gen.ts";
import type { Row } from "./captures.ts";

export type Connection = "connecting" | "live" | "lost";

/** Who is told what the stream brings. */
export interface Listener {
  onConnection: (connection: Connection) => void;
  /** In the order of the event log. */
  onCaptures: (rows: readonly Row[]) => void;
  onDevice: () => void;
  /** The server's log is another one: load everything anew. */
  onReset: () => void;
  /** The server refused the stream; it is tried again unless `close` is called. */
  onRefused: () => void;
}

const OPEN_AGAIN_MS = 2000;
const TELL_EVERY_MS = 100;

/** Follows the event stream behind `after` until the returned function is called. */
export function followEvents(after: number, listener: Listener): () => void {
  const follower = new Follower(after, listener);
  follower.open();
  return () => {
    follower.close();
  };
}

class Follower {
  private source: EventSource | null = null;
  private reopening: ReturnType<typeof setTimeout> | undefined;
  private telling: ReturnType<typeof setTimeout> | undefined;
  private toldAt = 0;
  private untold: Row[] = [];
  private position: number;
  private readonly listener: Listener;

  constructor(after: number, listener: Listener) {
    this.position = after;
    this.listener = listener;
  }

  open(): void {
    const source = new EventSource(`/api/v1/events?after=${String(this.position)}`);
    this.source = source;
    source.addEventListener("hello", (event: MessageEvent<string>) => {
      this.greet(event);
    });
    source.addEventListener("capture", (event: MessageEvent<string>) => {
      this.position = Number(event.lastEventId);
      this.untold.push({ capture: JSON.parse(event.data) as CaptureSummary, position: this.position });
      this.tellSoon();
    });
    source.addEventListener("device", (event: MessageEvent<string>) => {
      this.position = Number(event.lastEventId);
      this.listener.onDevice();
    });
    source.onerror = () => {
      this.lose(source);
    };
  }

  close(): void {
    clearTimeout(this.reopening);
    clearTimeout(this.telling);
    this.source?.close();
  }

  private greet(event: MessageEvent<string>): void {
    const { reset } = JSON.parse(event.data) as { reset: boolean };
    this.listener.onConnection("live");
    if (reset) {
      this.listener.onReset();
    }
  }

  /** The browser connects again by itself and names its last position, unless the server's answer was no stream. */
  private lose(source: EventSource): void {
    this.listener.onConnection("lost");
    if (source.readyState === EventSource.CLOSED) {
      this.listener.onRefused();
      clearTimeout(this.reopening);
      this.reopening = setTimeout(() => {
        this.open();
      }, OPEN_AGAIN_MS);
    }
  }

  /** The first event at once; what follows in a burst in few batches, so that the page stays quick. */
  private tellSoon(): void {
    this.telling ??= setTimeout(
      () => {
        const rows = this.untold;
        this.untold = [];
        this.telling = undefined;
        this.toldAt = Date.now();
        this.listener.onCaptures(rows);
      },
      Math.max(0, this.toldAt + TELL_EVERY_MS - Date.now()),
    );
  }
}
