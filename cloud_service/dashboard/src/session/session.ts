import type { Me } from "../api.gen.ts";
import { Store } from "../store.ts";

export type SessionState =
  /** The server has not said yet whether there is a session. */
  | { readonly state: "unknown" }
  | { readonly state: "none"; readonly notice: string | null }
  /** `expired`: it has ended in the middle of work, and the log-in stands over the page. */
  | { readonly state: "open"; readonly me: Me; readonly expired: boolean };

/** Who works at this page. */
class Session {
  readonly state = new Store<SessionState>({ state: "unknown" });
  private waiting: (() => void)[] = [];

  get isOpen(): boolean {
    return this.state.get().state === "open";
  }

  /** Somebody has logged in. Another person than before, or another role or site, starts from an empty page. */
  begin(me: Me): void {
    const before = this.state.get();
    if (before.state === "open" && !isSame(before.me, me)) {
      window.location.reload();
      return;
    }
    if (before.state === "open" && !before.expired) {
      return; // it goes on as it was
    }
    this.state.set({ state: "open", me, expired: false });
    const waiting = this.waiting;
    this.waiting = [];
    for (const goOn of waiting) {
      goOn();
    }
  }

  /** There is no session (any more), by the person's own wish or since the page was opened. */
  end(notice: string | null): void {
    this.waiting = [];
    this.state.set({ state: "none", notice });
  }

  /** The session has ended in the middle of work. Resolves when the same person has logged in again. */
  expire(): Promise<void> {
    const now = this.state.get();
    if (now.state === "open" && !now.expired) {
      this.state.set({ ...now, expired: true });
    }
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }
}

function isSame(one: Me, other: Me): boolean {
  return one.user === other.user && one.role === other.role && one.site === other.site;
}

export const session = new Session();
