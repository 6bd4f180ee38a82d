import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Problem, Unreachable } from "../api/problem.ts";
import { browserShelf, type CaseWords, EMPTY_DRAFT, type KeptDraft, NOTHING_SAID, type Shelf } from "./drafts.ts";
import { Saver, type Wire } from "./saver.ts";

const WORDS: CaseWords = { ...NOTHING_SAID, conclusion: "Blasts." };
const MORE: CaseWords = { ...NOTHING_SAID, conclusion: "Blasts in two fields." };
const SUSPICIOUS = { verdict: "suspicious", reason: null } as const;

/** A server that keeps what it is told, and refuses a version that is not its own. */
class Server implements Wire {
  version = 1;
  holder: string | null = null;
  said: CaseWords = NOTHING_SAID;
  readonly log: string[] = [];
  fails: (() => void) | null = null;

  private change(version: number, what: string): Promise<number> {
    this.log.push(what);
    this.fails?.();
    if (version !== this.version) {
      return Promise.reject(new Problem(409, "k.osei has changed it at 10:31."));
    }
    return Promise.resolve(++this.version);
  }

  async claim(version: number) {
    const next = await this.change(version, "claim");
    this.holder = "me";
    return next;
  }
  async saveCase(version: number, words: CaseWords) {
    const next = await this.change(version, `case ${words.conclusion ?? ""}`);
    this.said = words;
    return next;
  }
  saveImage(version: number, image: string) {
    return this.change(version, `image ${image}`);
  }
  look(part: Parameters<Wire["look"]>[0]) {
    const says = part.image === null && part.words.conclusion === this.said.conclusion;
    return Promise.resolve({ version: this.version, mine: this.holder === "me", says });
  }
}

function aShelf(kept: KeptDraft | null = null): Shelf & { kept: KeptDraft | null } {
  return {
    kept,
    read() {
      return this.kept;
    },
    write(now) {
      this.kept = now;
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the first verdict claims the case, and images go before the case", async () => {
  const server = new Server();
  const saver = new Saver(server, aShelf(), { version: 1, mine: false });
  saver.change({ reading: WORDS, findings: { a: SUSPICIOUS, b: SUSPICIOUS } });
  await vi.runAllTimersAsync();

  expect(server.log).toEqual(["claim", "image a", "image b", "case Blasts."]);
  expect(saver.draft.get()).toEqual(EMPTY_DRAFT);
  expect(saver.state.get()).toMatchObject({ state: "saved" });
});

test("what is typed is sent at a pause, and once", async () => {
  const server = new Server();
  const saver = new Saver(server, aShelf(), { version: 1, mine: true });
  saver.change({ ...EMPTY_DRAFT, reading: WORDS }, { typed: true });
  await vi.advanceTimersByTimeAsync(500);
  saver.change({ ...EMPTY_DRAFT, reading: MORE }, { typed: true });
  await vi.advanceTimersByTimeAsync(500);
  expect(server.log).toEqual([]);
  await vi.runAllTimersAsync();
  expect(server.log).toEqual(["case Blasts in two fields."]);
});

test("what is typed while the former words are on their way is sent behind them", async () => {
  const server = new Server();
  const saver = new Saver(server, aShelf(), { version: 1, mine: true });
  server.fails = () => {
    server.fails = null;
    saver.change({ ...EMPTY_DRAFT, reading: MORE }, { typed: true });
  };
  saver.change({ ...EMPTY_DRAFT, reading: WORDS });
  await vi.runAllTimersAsync();

  expect(server.said).toEqual(MORE);
  expect(saver.draft.get()).toEqual(EMPTY_DRAFT);
});

test("a server that is away is tried again, and the draft outlives the page meanwhile", async () => {
  const server = new Server();
  const shelf = aShelf();
  const saver = new Saver(server, shelf, { version: 1, mine: true });
  server.fails = () => {
    throw new Unreachable();
  };
  saver.change({ ...EMPTY_DRAFT, reading: WORDS });
  await vi.advanceTimersByTimeAsync(100);
  expect(saver.state.get().state).toBe("unreachable");
  expect(shelf.kept).toEqual({ version: 1, mine: true, draft: { ...EMPTY_DRAFT, reading: WORDS } });
  saver.close();

  server.fails = null;
  const later = new Saver(server, shelf, { version: 1, mine: true });
  later.begin();
  await vi.runAllTimersAsync();
  expect(server.said).toEqual(WORDS);
  expect(shelf.kept?.draft).toEqual(EMPTY_DRAFT);
});

test("another one's change is a conflict that keeps the words, and a person decides", async () => {
  const server = new Server();
  const saver = new Saver(server, aShelf(), { version: 1, mine: true });
  server.holder = "me";
  saver.change({ ...EMPTY_DRAFT, reading: WORDS }, { typed: true });
  server.version = 5;
  saver.learn({ version: 5, mine: true }); // an event tells it, but the words were written before
  await vi.runAllTimersAsync();
  expect(saver.state.get()).toEqual({ state: "conflict", words: "k.osei has changed it at 10:31." });
  expect(saver.draft.get().reading).toEqual(WORDS);
  expect(await saver.flush()).toBe(false);

  saver.keepMine({ version: 5, mine: true });
  await vi.runAllTimersAsync();
  expect(server.said).toEqual(WORDS);
});

test("after a conflict, the reader's own words can be let go", async () => {
  const server = new Server();
  const shelf = aShelf();
  const saver = new Saver(server, shelf, { version: 0, mine: true });
  saver.change({ ...EMPTY_DRAFT, reading: WORDS });
  await vi.runAllTimersAsync();
  saver.keepTheirs({ version: 1, mine: false });
  await vi.runAllTimersAsync();

  expect(server.said).toEqual(NOTHING_SAID);
  expect(shelf.kept?.draft).toEqual(EMPTY_DRAFT);
});

test("an answer that went astray is no conflict: the server says the words already", async () => {
  const server = new Server();
  server.holder = "me";
  server.said = WORDS;
  server.version = 2;
  const saver = new Saver(server, aShelf(), { version: 1, mine: true });
  saver.change({ ...EMPTY_DRAFT, reading: WORDS });
  await vi.runAllTimersAsync();

  expect(saver.state.get().state).toBe("saved");
  expect(saver.version).toBe(2);
});

test.each([
  ["the claim alone was made meanwhile", 2, "saved"],
  ["somebody else has changed more", 3, "conflict"],
])("a claim whose answer went astray with its page: %s", async (_, version, state) => {
  const server = new Server();
  server.holder = "me";
  server.version = version;
  const kept = { version: 1, mine: false, draft: { ...EMPTY_DRAFT, reading: WORDS } };
  const saver = new Saver(server, aShelf(kept), { version, mine: true });
  saver.begin();
  await vi.runAllTimersAsync();

  expect(saver.state.get().state).toBe(state);
  expect(server.said).toEqual(state === "saved" ? WORDS : NOTHING_SAID);
});

test("a refusal is said, and tried again with the next change alone", async () => {
  const server = new Server();
  server.fails = () => {
    throw new Problem(422, "Too long.");
  };
  const saver = new Saver(server, aShelf(), { version: 1, mine: true });
  saver.change({ ...EMPTY_DRAFT, reading: WORDS });
  await vi.runAllTimersAsync();
  expect(saver.state.get()).toEqual({ state: "refused", words: "Too long." });
  expect(server.log).toHaveLength(1);

  server.fails = null;
  saver.change({ ...EMPTY_DRAFT, reading: MORE });
  await vi.runAllTimersAsync();
  expect(saver.state.get().state).toBe("saved");
});

test("flush waits until the server has all", async () => {
  const server = new Server();
  const saver = new Saver(server, aShelf(), { version: 1, mine: true });
  saver.change({ reading: WORDS, findings: { a: SUSPICIOUS } }, { typed: true });
  expect(await saver.flush()).toBe(true);
  expect(server.log).toEqual(["image a", "case Blasts."]);
});

test("a browser's shelf keeps drafts by person and case, and nothing once they are sent", () => {
  const shelf = browserShelf("h.meier", "1");
  shelf.write({ version: 3, mine: true, draft: { ...EMPTY_DRAFT, reading: WORDS } });
  expect(browserShelf("h.meier", "1").read()).toEqual({ version: 3, mine: true, draft: { ...EMPTY_DRAFT, reading: WORDS } });
  expect(browserShelf("k.osei", "1").read()).toBeNull();
  shelf.write({ version: 4, mine: true, draft: EMPTY_DRAFT });
  expect(localStorage).toHaveLength(0);
  localStorage.setItem("smearflow.draft.h.meier.1", "{]");
  expect(shelf.read()).toBeNull();
  localStorage.clear();
});
