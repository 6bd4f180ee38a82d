import { isConflict, Problem, wordsOf } from "../api/problem.ts";
import { Store } from "../store.ts";
import {
  type CaseWords,
  type Draft,
  EMPTY_DRAFT,
  type ImageWords,
  isEmpty,
  nextPart,
  type Part,
  type Shelf,
  type Standing,
  withoutPart,
} from "./drafts.ts";

export type SaveState =
  /** The server has all; `at` is null as long as nothing was changed. */
  | { readonly state: "saved"; readonly at: Date | null }
  | { readonly state: "unsaved" }
  | { readonly state: "saving" }
  /** No answer; it is tried again by itself. */
  | { readonly state: "unreachable"; readonly words: string }
  /** Somebody else has changed the case; a person decides what becomes of the draft. */
  | { readonly state: "conflict"; readonly words: string }
  /** The server does not take it; it is tried again with the next change. */
  | { readonly state: "refused"; readonly words: string };

/** What is asked of the server; each change names the version it is based on, and answers with the one it made. */
export interface Wire {
  claim(version: number): Promise<number>;
  saveCase(version: number, words: CaseWords): Promise<number>;
  saveImage(version: number, image: string, words: ImageWords): Promise<number>;
  /** How the case stands now, and whether it says these very words already. */
  look(part: Part): Promise<Standing & { readonly says: boolean }>;
}

const PAUSE_MS = 800;
const AGAIN_MS = [1000, 2000, 4000, 8000, 15_000];

/** Brings what a reader decides and types to the server: in order, one at a time, and never twice. */
export class Saver {
  readonly draft: Store<Draft>;
  readonly state: Store<SaveState>;
  private standing: Standing;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  private failures = 0;
  private readonly wire: Wire;
  private readonly shelf: Shelf;

  constructor(wire: Wire, shelf: Shelf, standing: Standing) {
    this.wire = wire;
    this.shelf = shelf;
    const kept = shelf.read();
    this.draft = new Store(kept?.draft ?? EMPTY_DRAFT);
    // What was kept is sent for the case as its writer saw it, so that what others did since comes to light.
    this.standing = kept ?? standing;
    this.state = new Store<SaveState>(kept === null ? { state: "saved", at: null } : { state: "unsaved" });
  }

  /** Sends what an earlier page left behind. */
  begin(): void {
    if (!isEmpty(this.draft.get())) {
      this.schedule(0);
    }
  }

  /** Ends all sending; what is not sent stays on the shelf. */
  close(): void {
    clearTimeout(this.timer);
  }

  /** Takes over a change; `typed` ones are sent at the next pause. */
  change(draft: Draft, { typed = false }: { typed?: boolean } = {}): void {
    this.draft.set(draft);
    this.keep();
    const { state } = this.state.get();
    if (state === "conflict") {
      return;
    }
    if (state !== "saving") {
      this.state.set({ state: "unsaved" });
    }
    this.schedule(typed ? PAUSE_MS : 0);
  }

  /** How the case stands by the newest answer. While something is unsent, only the reader's own changes count. */
  learn(standing: Standing): void {
    if (isEmpty(this.draft.get()) && this.running === null && standing.version >= this.standing.version) {
      this.standing = standing;
    }
  }

  get version(): number {
    return this.standing.version;
  }

  /** Whether the reader holds the case. */
  get isMine(): boolean {
    return this.standing.mine;
  }

  /** Sends all at once; resolves to whether the server now has it. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    while (!isEmpty(this.draft.get()) && this.state.get().state !== "conflict") {
      await this.run();
      if (!["saved", "unsaved"].includes(this.state.get().state)) {
        break;
      }
    }
    await this.running;
    return isEmpty(this.draft.get());
  }

  /** After a conflict: keeps the reader's own words, on top of what others did. */
  keepMine(standing: Standing): void {
    this.standing = standing;
    this.state.set({ state: "unsaved" });
    this.keep();
    this.schedule(0);
  }

  /** After a conflict: lets the reader's own words go. */
  keepTheirs(standing: Standing): void {
    this.standing = standing;
    this.draft.set(EMPTY_DRAFT);
    this.keep();
    this.state.set({ state: "saved", at: null });
  }

  private keep(): void {
    const { version, mine } = this.standing;
    this.shelf.write({ version, mine, draft: this.draft.get() });
  }

  private schedule(delay: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void this.run();
    }, delay);
  }

  private run(): Promise<void> {
    clearTimeout(this.timer);
    this.running ??= this.sendAll().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async sendAll(): Promise<void> {
    for (let part = nextPart(this.draft.get()); part !== null; part = nextPart(this.draft.get())) {
      this.state.set({ state: "saving" });
      try {
        await this.send(part);
      } catch (error) {
        if (!(await this.recover(error, part))) {
          return;
        }
      }
      this.failures = 0;
      this.draft.set(withoutPart(this.draft.get(), part));
      this.keep();
    }
    this.state.set({ state: "saved", at: new Date() });
  }

  private async send(part: Part): Promise<void> {
    if (!this.standing.mine) {
      this.standing = { version: await this.claim(part), mine: true };
      this.keep();
    }
    const { version } = this.standing;
    const next =
      part.image === null
        ? await this.wire.saveCase(version, part.words)
        : await this.wire.saveImage(version, part.image, part.words);
    this.standing = { version: next, mine: true };
  }

  private async claim(part: Part): Promise<number> {
    const { version } = this.standing;
    try {
      return await this.wire.claim(version);
    } catch (error) {
      // The answer to an earlier claim may have gone astray: that claim alone has then made the next version.
      const now = isConflict(error) ? await this.wire.look(part) : null;
      if (now?.mine === true && now.version === version + 1) {
        return now.version;
      }
      throw error;
    }
  }

  /** Whether the server has the part in spite of the error: its answer to an earlier try had gone astray. */
  private async recover(error: unknown, part: Part): Promise<boolean> {
    if (isConflict(error)) {
      try {
        const { says, ...standing } = await this.wire.look(part);
        if (says && standing.mine) {
          this.standing = standing;
          return true;
        }
      } catch (another) {
        return this.recover(another, part);
      }
      this.state.set({ state: "conflict", words: wordsOf(error) });
    } else if (error instanceof Problem && error.status < 500) {
      this.state.set({ state: "refused", words: wordsOf(error) });
    } else {
      this.state.set({ state: "unreachable", words: wordsOf(error) });
      this.schedule(AGAIN_MS[Math.min(this.failures++, AGAIN_MS.length - 1)] ?? 0);
    }
    return false;
  }
}
