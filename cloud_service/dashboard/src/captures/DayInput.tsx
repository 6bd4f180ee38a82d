import { type ComponentProps, useState } from "react";

import { type Day, parseDay } from "./day.ts";

interface Props extends Omit<ComponentProps<"input">, "type" | "value" | "onChange" | "onBlur"> {
  /** Null: none. */
  day: Day | null;
  onChoose: (day: Day) => void;
  onClear?: () => void;
}

/** A day, from the calendar or typed: a year is no day of ours until its last digit, and is left alone until then. */
export function DayInput({ day, onChoose, onClear, ...rest }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <input
      {...rest}
      type="date"
      value={typed ?? day ?? ""}
      onChange={({ target: { value } }) => {
        setTyped(value);
        const chosen = parseDay(value);
        if (chosen !== null) {
          onChoose(chosen);
        } else if (value === "") {
          onClear?.();
        }
      }}
      onBlur={() => {
        setTyped(null);
      }}
    />
  );
}
