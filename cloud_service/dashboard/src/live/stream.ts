import type { CaptureSummary, CaseSummary, DatasetImportView, DeviceSummary, ModelSummary, TrainingJobSummary } from "../api.gen.ts";
import { Store } from "../store.ts";

export type Connection = "connecting" | "live" | "lost";

/** What each kind of event tells of its subject. */
export interface Payloads {
  capture: CaptureSummary;
  case: CaseSummary;
  device: DeviceSummary;
  dataset: DatasetImportView;
  model: ModelSummary;
  training: TrainingJobSummary;
}

export type Kind = keyof Payloads;

/** What an event told of its subject, at a position of the event log. */
export interface Told<K extends Kind = Kind> {
  readonly payload: Payloads[K];
  readonly position: number;
}

type Handler<K extends Kind = Kind> = (told: readonly Told<K>[]) => void;

const KINDS: readonly Kind[] = ["capture", "case", "device", "dataset", "model", "training"];
const OPEN_AGAIN_MS = 2000;
const TELL_EVERY_MS = 100;
const REMEMBERED = 1000;

/**
 * The page's one connection to the event log. It is kept up by itself; the browser names its last position when it
 * connects again, so that nothing is missed.
 */
export class EventStream {
  readonly connection = new Store<Connection>("connecting");
  private source: EventSource | null = null;
  private position: number | null = null;
  private began = 0; // at which position; what came before is not told
  private reopening: ReturnType<typeof setTimeout> | undefined;
  private telling: ReturnType<typeof setTimeout> | undefined;
  private toldAt = 0;
  private untold: { kind: Kind; told: Told }[] = [];
  private readonly handlers: Record<Kind, Set<Handler>> = forEachKind(() => new Set());
  private recent: Record<Kind, Told[]> = forEachKind(() => []);
  private readonly onHello = new Set<(hello: Hello) => void>();
  private readonly onRefused = new Set<() => void>();

  /** Connects, and stays connected until the returned function is called. */
  open(): () => void {
    this.connect();
    return () => {
      this.close();
    };
  }

  /** Tells `handler` of every event of a kind, in the order of the log and in batches. Returns what ends that. */
  on<K extends Kind>(kind: K, handler: Handler<K>): () => void {
    const handlers = this.handlers[kind] as Set<Handler<K>>;
    handlers.add(handler);
    return () => {
      handlers.delete(handler);
    };
  }

  /** Tells `handler` of every beginning of a connection. */
  greeting(handler: (hello: Hello) => void): () => void {
    this.onHello.add(handler);
    return () => {
      this.onHello.delete(handler);
    };
  }

  /** Tells `handler` that the server refused the stream; it is tried again unless it is closed. */
  refusal(handler: () => void): () => void {
    this.onRefused.add(handler);
    return () => {
      this.onRefused.delete(handler);
    };
  }

  /** What was told behind `position`, for an answer that was on its way meanwhile. */
  since<K extends Kind>(kind: K, position: number): readonly Told<K>[] {
    return (this.recent[kind] as Told<K>[]).filter((told) => told.position > position);
  }

  /** Whether something of a kind may have happened behind `position`. */
  isBehind(kind: Kind, position: number): boolean {
    return position < this.began || this.since(kind, position).length > 0;
  }

  private connect(): void {
    clearTimeout(this.reopening);
    const after = this.position === null ? "" : `?after=${String(this.position)}`;
    const source = new EventSource(`/api/v1/events${after}`);
    this.source = source;
    source.addEventListener("hello", (event: MessageEvent<string>) => {
      this.greet(JSON.parse(event.data) as { position: number; reset: boolean });
    });
    for (const kind of KINDS) {
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        this.position = Number(event.lastEventId);
        const payload = JSON.parse(event.data) as Payloads[Kind];
        this.untold.push({ kind, told: { payload, position: this.position } });
        this.tellSoon();
      });
    }
    source.onerror = () => {
      this.lose(source);
    };
  }

  private close(): void {
    clearTimeout(this.reopening);
    clearTimeout(this.telling);
    this.telling = undefined;
    this.untold = [];
    // Who opens it next may be somebody else, who may see less.
    this.recent = forEachKind(() => []);
    this.position = null;
    this.began = 0;
    this.source?.close();
    this.source = null;
    this.connection.set("connecting");
  }

  private greet({ position, reset }: { position: number; reset: boolean }): void {
    const first = this.position === null;
    this.position = position;
    if (first || reset) {
      this.began = position;
    }
    if (reset) {
      this.recent = forEachKind(() => []);
    }
    this.connection.set("live");
    for (const handler of this.onHello) {
      handler({ position, reset, first });
    }
  }

  /** The browser connects again by itself, unless the server's answer was no stream. */
  private lose(source: EventSource): void {
    this.connection.set("lost");
    if (source.readyState === EventSource.CLOSED) {
      for (const handler of this.onRefused) {
        handler();
      }
      clearTimeout(this.reopening);
      this.reopening = setTimeout(() => {
        this.connect();
      }, OPEN_AGAIN_MS);
    }
  }

  /** The first event at once; what follows in a burst in few batches, so that the page stays quick. */
  private tellSoon(): void {
    this.telling ??= setTimeout(
      () => {
        const untold = this.untold;
        this.untold = [];
        this.telling = undefined;
        this.toldAt = Date.now();
        for (const kind of KINDS) {
          this.tell(
            kind,
            untold.filter((one) => one.kind === kind).map((one) => one.told),
          );
        }
      },
      Math.max(0, this.toldAt + TELL_EVERY_MS - Date.now()),
    );
  }

  private tell(kind: Kind, told: readonly Told[]): void {
    if (told.length === 0) {
      return;
    }
    const recent = this.recent[kind];
    recent.push(...told);
    recent.splice(0, recent.length - REMEMBERED);
    for (const handler of this.handlers[kind]) {
      handler(told);
    }
  }
}

function forEachKind<Made>(make: () => Made): Record<Kind, Made> {
  return Object.fromEntries(KINDS.map((kind) => [kind, make()])) as Record<Kind, Made>;
}

/** How a connection begins. */
export interface Hello {
  /** The stream tells what came behind it. */
  readonly position: number;
  /** The server's log is another one: load everything anew. */
  readonly reset: boolean;
  /** Of this page's life. */
  readonly first: boolean;
}

export const stream = new EventStream();
