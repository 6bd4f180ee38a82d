import { Store } from "./store.ts";

/** A choice that this browser remembers; `read` makes sense of what was kept, or of null where nothing was. */
export class Remembered<Value> extends Store<Value> {
  private readonly key: string;
  private readonly write: (value: Value) => string | null;

  constructor(name: string, read: (kept: string | null) => Value, write: (value: Value) => string | null) {
    const key = `smearflow.${name}`;
    super(read(kept(key)));
    this.key = key;
    this.write = write;
  }

  override set(value: Value): void {
    super.set(value);
    const text = this.write(value);
    try {
      if (text === null) {
        localStorage.removeItem(this.key);
      } else {
        localStorage.setItem(this.key, text);
      }
    } catch {
      // A browser that keeps nothing (private mode, full) forgets the choice with the page; nothing else depends on it.
    }
  }
}

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
