import type { PersonVerdict } from "../api.gen.ts";
import { Key } from "./Key.tsx";
import { VERDICTS } from "./words.ts";

interface Props {
  /** Names the group: "Your verdict on this image". */
  label: string;
  choices: readonly PersonVerdict[];
  chosen: PersonVerdict | null;
  disabled: boolean;
  /** Chosen again, a verdict is taken back. */
  onChoose: (verdict: PersonVerdict | null) => void;
}

/** The verdicts that a person may give, each with its key. */
export function VerdictButtons({ label, choices, chosen, disabled, onChoose }: Props) {
  return (
    <div className="verdicts" role="group" aria-label={label}>
      {choices.map((verdict) => {
        const { word, meaning, icon: Icon } = VERDICTS[verdict];
        return (
          <button
            key={verdict}
            type="button"
            className={`verdict ${verdict}`}
            aria-pressed={verdict === chosen}
            aria-disabled={disabled}
            title={meaning}
            onClick={() => {
              if (!disabled) {
                onChoose(verdict === chosen ? null : verdict);
              }
            }}
          >
            <Icon aria-hidden="true" />
            <span className="verdict-word">{word}</span>
            <Key of={`case.verdict-${verdict}`} />
          </button>
        );
      })}
    </div>
  );
}
