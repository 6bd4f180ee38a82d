import { useEffect, useMemo, useRef, useState } from "react";

import type { CaptureSummary, CaseDetail, PersonVerdict, ReadingView } from "../api.gen.ts";
import { may, useMe } from "../session/me.ts";
import { useStore } from "../store.ts";
import { browserShelf, type CaseWords, type ImageWords } from "./drafts.ts";
import { caseWords, imageWords, readingAtWork, whyNotMine } from "./review.ts";
import { Saver, type SaveState } from "./saver.ts";
import { remember, type Step } from "./undo.ts";
import { apiWire, markOpened } from "./wire.ts";

/** All that the one who reads a case says of it, and the way there. */
export interface Review {
  readonly saver: Saver;
  readonly saving: SaveState;
  readonly reading: ReadingView | null;
  readonly words: CaseWords;
  /** Why the one who looks may not judge; null: he may. */
  readonly obstacle: string | null;
  readonly wordsOf: (image: string) => ImageWords;
  readonly judgeImage: (image: string, verdict: PersonVerdict | null) => void;
  readonly reasonForImage: (image: string, reason: string) => void;
  readonly judgeCase: (verdict: PersonVerdict | null) => void;
  readonly say: (words: Partial<Pick<CaseWords, "reason" | "conclusion">>) => void;
  /** Takes the last verdict back; the image that it was about, or null. */
  readonly undo: () => Step | null;
  readonly canUndo: boolean;
  readonly noteShown: (image: string) => void;
  /** Sends all that is not sent; whether the server now has it. */
  readonly settle: () => Promise<boolean>;
}

export function useReview(detail: CaseDetail): Review {
  const me = useMe();
  const [saver] = useState(
    () => new Saver(apiWire(detail.id, me.user), browserShelf(me.user, detail.id), standingOf(detail, me.user)),
  );
  const draft = useStore(saver.draft);
  const saving = useStore(saver.state);
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const reading = readingAtWork(detail, me.user);
  const words = caseWords(detail, me.user, draft);
  const opened = useOpened(detail, reading, saver, saving);

  useEffect(() => {
    saver.learn(standingOf(detail, me.user));
  }, [saver, detail, me.user]);
  useEffect(() => {
    saver.begin();
    const saveNow = () => {
      void saver.flush();
    };
    document.addEventListener("visibilitychange", saveNow);
    return () => {
      document.removeEventListener("visibilitychange", saveNow);
      // What was typed last is sent even if its reader has gone to another page already.
      void saver.flush().then(() => {
        saver.close();
      });
    };
  }, [saver]);

  const wordsOf = (image: string) => imageWords(detail, me.user, saver.draft.get(), image);
  const putImage = (image: string, now: ImageWords, typed: boolean) => {
    const held = saver.draft.get();
    saver.change({ ...held, findings: { ...held.findings, [image]: now } }, { typed });
  };
  const putCase = (now: CaseWords, typed: boolean) => {
    saver.change({ ...saver.draft.get(), reading: now }, { typed });
  };
  return {
    saver,
    saving,
    reading,
    words,
    obstacle: whyNotMine(detail, me.user, may(me, "read-cases")),
    wordsOf,
    judgeImage: (image, verdict) => {
      // Read here: React may run the function below only after the new words are in the draft.
      const before = wordsOf(image);
      setSteps((past) => remember(past, { image, before }));
      putImage(image, { ...before, verdict }, false);
    },
    reasonForImage: (image, reason) => {
      putImage(image, { ...wordsOf(image), reason: orNull(reason) }, true);
    },
    judgeCase: (verdict) => {
      setSteps((past) => remember(past, { image: null, before: words }));
      putCase({ ...words, verdict }, false);
    },
    say: (said) => {
      const texts = Object.fromEntries(Object.entries(said).map(([name, text]) => [name, orNull(text ?? "")]));
      putCase({ ...words, ...texts }, true);
    },
    undo: () => {
      const step = steps.at(-1) ?? null;
      if (step !== null) {
        setSteps(steps.slice(0, -1));
        if (step.image === null) {
          putCase({ ...words, verdict: step.before.verdict }, false);
        } else {
          putImage(step.image, { ...wordsOf(step.image), verdict: step.before.verdict }, false);
        }
      }
      return step;
    },
    canUndo: steps.length > 0,
    noteShown: opened.note,
    // The server notes what was opened for the holder of a case alone.
    settle: async () => (await saver.flush()) && (!saver.isMine || opened.send()),
  };
}

/** Brings it to the server that the reader has seen an image, as soon as he holds the case and nothing else is on its way. */
function useOpened(detail: CaseDetail, reading: ReadingView | null, saver: Saver, saving: SaveState) {
  const me = useMe();
  const [shown, setShown] = useState<readonly string[]>([]);
  const known = useMemo(
    () => new Set(reading?.findings.filter(({ opened_at }) => opened_at !== null).map(({ capture_id }) => capture_id)),
    [reading],
  );
  const underWay = useRef<Promise<boolean> | null>(null);
  const mine = detail.held_by === me.user;
  const waiting = shown.filter((id) => !known.has(id));

  const latest = useRef(waiting);
  useEffect(() => {
    latest.current = waiting;
  });

  const sendAll = async (): Promise<boolean> => {
    const sent = new Set<string>();
    const next = () => latest.current.find((id) => !sent.has(id)); // what is shown meanwhile, too
    try {
      for (let id = next(); id !== undefined; id = next()) {
        await markOpened(detail.id, id, saver.version);
        sent.add(id);
      }
      return true;
    } catch {
      return false; // It is tried again after the next change; the checks before signing tell what is missing.
    }
  };
  const send = (): Promise<boolean> => {
    underWay.current ??= sendAll().finally(() => {
      underWay.current = null;
    });
    return underWay.current;
  };
  const isDue = mine && saving.state === "saved" && waiting.length > 0;
  useEffect(() => {
    if (isDue) {
      void send();
    }
  });
  return {
    note: (id: string) => {
      setShown((before) => (before.includes(id) ? before : [...before, id]));
    },
    send,
  };
}

/** What is judged by the reader's own eyes has an image. */
export function hasImage({ received_at }: CaptureSummary): boolean {
  return received_at !== null;
}

function standingOf({ version, held_by }: CaseDetail, user: string) {
  return { version, mine: held_by === user };
}

function orNull(text: string): string | null {
  return text.trim() === "" ? null : text;
}
