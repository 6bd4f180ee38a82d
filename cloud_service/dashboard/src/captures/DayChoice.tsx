import { ChevronLeft, ChevronRight } from "lucide-react";

import { ALL_DAYS, type Day, shifted } from "./day.ts";
import { DayInput } from "./DayInput.tsx";

interface Props {
  /** ALL_DAYS is one of them. */
  day: Day;
  today: Day;
  onChoose: (day: Day) => void;
}

/** Chooses the day whose captures are shown, or all of them. */
export function DayChoice({ day, today, onChoose }: Props) {
  const isOneDay = day !== ALL_DAYS;
  return (
    <div className="day-choice" role="group" aria-label="Day">
      <button
        type="button"
        className="icon-button"
        aria-label="The day before"
        disabled={!isOneDay}
        onClick={() => {
          onChoose(shifted(day, -1));
        }}
      >
        <ChevronLeft aria-hidden="true" />
      </button>
      <DayInput aria-label="Date" max={today} day={isOneDay ? day : null} onChoose={onChoose} />
      <button
        type="button"
        className="icon-button"
        aria-label="The day after"
        disabled={!isOneDay || day >= today}
        onClick={() => {
          onChoose(shifted(day, 1));
        }}
      >
        <ChevronRight aria-hidden="true" />
      </button>
      <button
        type="button"
        aria-pressed={day === today}
        onClick={() => {
          onChoose(today);
        }}
      >
        Today
      </button>
      <button
        type="button"
        aria-pressed={!isOneDay}
        onClick={() => {
          onChoose(ALL_DAYS);
        }}
      >
        All days
      </button>
    </div>
  );
}
