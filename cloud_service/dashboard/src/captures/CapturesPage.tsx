import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { wordsOf } from "../api/problem.ts";
import { CapturePanel } from "./CapturePanel.tsx";
import { CaptureTable } from "./CaptureTable.tsx";
import { type Filter, MOST, newestFirst } from "./captures.ts";
import { Counters } from "./Counters.tsx";
import { ALL_DAYS, dayInWords, spanOf } from "./day.ts";
import { DayChoice } from "./DayChoice.tsx";
import { Devices } from "./Devices.tsx";
import { Refusals } from "./Refusals.tsx";
import type { CapturesSearch } from "./search.ts";
import { useLiveCaptures } from "./useLiveCaptures.ts";
import { useOverview } from "./useOverview.ts";
import { useToday } from "./useToday.ts";

const route = getRouteApi("/captures");

/** What became of a day's captures, as they arrive: where each is, what was refused and why, and what the model says. */
export function CapturesPage() {
  const { day: chosenDay, state, capture: selected } = route.useSearch();
  const navigate = route.useNavigate();
  const today = useToday();
  const day = chosenDay ?? today;
  const filter = useMemo<Filter>(
    () => ({ states: state === undefined ? [] : [state], span: day === ALL_DAYS ? null : spanOf(day) }),
    [state, day],
  );
  const { captures, loadOlder, isLoadingOlder, error } = useLiveCaptures(filter);
  const overview = useOverview(filter.span);
  const rows = useMemo(() => newestFirst(captures), [captures]);

  const choose = useCallback(
    (change: Partial<Record<keyof CapturesSearch, string | undefined>>) => {
      // Opening a panel is no step of its own: the way back leads to the page before this one.
      const replace = "capture" in change;
      void navigate({ search: (before) => ({ ...before, ...change }) as CapturesSearch, replace });
    },
    [navigate],
  );
  const select = useCallback(
    (capture: string) => {
      choose({ capture });
    },
    [choose],
  );
  const closePanel = useCallback(() => {
    choose({ capture: undefined });
  }, [choose]);

  return (
    <>
      <div className={selected === undefined ? "page" : "page with-panel"}>
        <header className="page-top">
          <h1>
            Captures <span className="quiet">{day === ALL_DAYS ? "of all days" : dayInWords(day, today)}</span>
          </h1>
          <DayChoice
            day={day}
            today={today}
            onChoose={(chosen) => {
              choose({ day: chosen === today ? undefined : chosen });
            }}
          />
        </header>
        <section className="overview" aria-label="Overview">
          <Counters
            counts={overview.counts}
            chosen={state ?? null}
            onChoose={(chosen) => {
              choose({ state: chosen ?? undefined });
            }}
          />
          <Devices devices={overview.devices} />
          {overview.refusals !== undefined && <Refusals refusals={overview.refusals} />}
        </section>
        <section className="captures" aria-label="Captures">
          {error !== null && (
            <p role="alert" className="fault">
              {wordsOf(error)}
            </p>
          )}
          <CaptureTable
            rows={rows}
            today={today}
            loaded={captures.loaded}
            empty={emptyWords(state !== undefined, day === today || day === ALL_DAYS)}
            selected={selected ?? null}
            onSelect={select}
          />
          {captures.more && captures.rows.size < MOST && (
            <button type="button" className="older" disabled={isLoadingOlder} onClick={loadOlder}>
              {isLoadingOlder ? "Loading…" : "Show older captures"}
            </button>
          )}
          {captures.more && captures.rows.size >= MOST && (
            <p className="quiet centred">The newest {MOST} are shown. Choose a day to see older ones.</p>
          )}
        </section>
        {selected !== undefined && <CapturePanel key={selected} id={selected} onClose={closePanel} />}
      </div>
      <p role="status" className="visually-hidden">
        {captures.answers > 0 && `${String(captures.answers)} new results since this page was opened`}
      </p>
    </>
  );
}

function emptyWords(isOneState: boolean, isOpen: boolean): { title: string; words: string } {
  if (isOneState) {
    return { title: "None here", words: "No capture is in this state. Press the counter again to see all of them." };
  }
  return isOpen
    ? {
        title: "No captures yet",
        words: "They appear here by themselves as soon as a microscope workstation sends them.",
      }
    : { title: "No captures on this day", words: "Choose another day, or all of them." };
}
