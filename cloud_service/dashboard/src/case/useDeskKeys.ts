import type { PersonVerdict } from "../api.gen.ts";
import { useShortcut } from "../shortcuts/useShortcut.ts";
import { VERDICTS } from "./words.ts";

interface Handlers {
  canJudge: boolean;
  onStep: (step: number) => void;
  onVerdict: (verdict: PersonVerdict) => void;
  onCase: () => void;
  onConclusion: () => void;
  onUndo: () => void;
  onSign: () => void;
}

const GROUP = "Case";

/** The keys by which a case is read; without a mouse, all of it. */
export function useDeskKeys({ canJudge, onStep, onVerdict, onCase, onConclusion, onUndo, onSign }: Handlers): void {
  const judging = { enabled: canJudge };
  useShortcut({ id: "case.next-image", words: "Next image", group: GROUP, key: "j", repeats: true }, () => {
    onStep(1);
  });
  useShortcut({ id: "case.previous-image", words: "Previous image", group: GROUP, key: "k", repeats: true }, () => {
    onStep(-1);
  });
  useVerdictKey("suspicious", onVerdict, judging);
  useVerdictKey("no_blast_features", onVerdict, judging);
  useVerdictKey("cannot_say", onVerdict, judging);
  useVerdictKey("not_evaluable", onVerdict, judging);
  useShortcut({ id: "case.verdict", words: "On to the case: 1 to 3 judge it", group: GROUP, key: "v" }, onCase, judging);
  useShortcut({ id: "case.conclusion", words: "Write the conclusion (Esc leaves it)", group: GROUP, key: "e" }, onConclusion, judging);
  useShortcut({ id: "case.undo", words: "Take the last verdict back", group: GROUP, key: "u" }, onUndo, judging);
  useShortcut({ id: "case.sign", words: "Sign", group: GROUP, key: "s" }, onSign, judging);
}

function useVerdictKey(verdict: PersonVerdict, onVerdict: (verdict: PersonVerdict) => void, judging: { enabled: boolean }) {
  const { word, key } = VERDICTS[verdict];
  useShortcut(
    { id: `case.verdict-${verdict}`, words: word, group: GROUP, key },
    () => {
      onVerdict(verdict);
    },
    judging,
  );
}
