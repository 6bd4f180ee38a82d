import { useCallback, useMemo, useState } from "react";

import type { CaptureState } from "../api.gen.ts";
import { CapturePanel } from "./CapturePanel.tsx";
import { CaptureTable } from "./CaptureTable.tsx";
import { MOST, newestFirst } from "./captures.ts";
import { Counters } from "./Counters.tsx";
import { Devices } from "./Devices.tsx";
import { Refusals } from "./Refusals.tsx";
import { useLiveCaptures } from "./useLiveCaptures.ts";
import { useOverview } from "./useOverview.ts";

const EVERY_STATE: readonly CaptureState[] = [];

/** Captures as they arrive, with their results. */
export function CapturesPage() {
  const [states, setStates] = useState(EVERY_STATE);
  const [selected, setSelected] = useState<string | null>(null);
  const { captures, loadOlder } = useLiveCaptures(states);
  const overview = useOverview();
  const rows = useMemo(() => newestFirst(captures), [captures]);
  const closePanel = useCallback(() => {
    setSelected(null);
  }, []);

  return (
    <>
      <div className={selected === null ? "page" : "page with-panel"}>
        <section className="overview" aria-label="Overview">
          <h1 className="visually-hidden">Captures</h1>
          <Counters
            overview={overview}
            chosen={states[0] ?? null}
            onChoose={(state) => {
              setStates(state === null ? EVERY_STATE : [state]);
            }}
          />
          <Devices devices={overview.devices} />
          {overview.refusals !== undefined && <Refusals refusals={overview.refusals} />}
        </section>
        <section className="captures" aria-label="Captures">
          <CaptureTable
            rows={rows}
            loaded={captures.loaded}
            filtered={states.length > 0}
            selected={selected}
            onSelect={setSelected}
          />
          {captures.more && captures.rows.size < MOST && (
            <button type="button" className="older" onClick={loadOlder}>
              Show older captures
            </button>
          )}
          {captures.more && captures.rows.size >= MOST && (
            <p className="quiet centred">The newest {MOST} are shown. Older ones can be read through the API.</p>
          )}
        </section>
        {selected !== null && (
          <CapturePanel
            key={selected}
            id={selected}
            onClose={closePanel}
          />
        )}
      </div>
      <p role="status" className="visually-hidden">
        {captures.answers > 0 && `${String(captures.answers)} new results since this page was opened`}
      </p>
    </>
  );
}
