/** Stands in for the browser's EventSource in tests, which tell what a server would. */
export class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static opened: FakeSource[] = [];
  readyState = 0;
  onerror: (() => void) | null = null;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    FakeSource.opened.push(this);
  }

  static newest(): FakeSource {
    const source = FakeSource.opened.at(-1);
    if (source === undefined) {
      throw new Error("no stream was opened");
    }
    return source;
  }

  close(): void {
    this.readyState = FakeSource.CLOSED;
  }

  tell(name: string, data: unknown, id: number): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId: String(id) }));
  }
}
