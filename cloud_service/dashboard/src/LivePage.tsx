import { useCallback, useMemo, useState } from "react";

import { Account } from "./Account.tsx";
import type { CaptureState } from "./api.gen.ts";
import { Brand } from "./Brand.tsx";
import { CapturePanel } from "./CapturePanel.tsx";
import { CaptureTable } from "./CaptureTable.tsx";
import { MOST, newestFirst } from "./captures.ts";
import { ConnectionSign } from "./ConnectionSign.tsx";
import { Counters } from "./Counters.tsx";
import { Devices } from "./Devices.tsx";
import { Refusals } from "./Refusals.tsx";
import { ResearchNotice } from "./ResearchNotice.tsx";
import { useLiveCaptures } from "./useLiveCaptures.ts";

const EVERY_STATE: readonly CaptureState[] = [];

interface Props {
  /** The server says that the session has ended; must be stable. */
  onLoggedOut: () => void;
  onLogOut: () => void;
  onPasswordChanged: () => void;
}

/** Captures as they arrive, with their results. */
export function LivePage({ onLoggedOut, onLogOut, onPasswordChanged }: Props) {
  const [states, setStates] = useState(EVERY_STATE);
  const [selected, setSelected] = useState<string | null>(null);
  const { captures, connection, overview, loadOlder } = useLiveCaptures(states, onLoggedOut);
  const rows = useMemo(() => newestFirst(captures), [captures]);
  const closePanel = useCallback(() => {
    setSelected(null);
  }, []);

  return (
    <>
      <header className="top">
        <Brand />
        <ResearchNotice />
        <ConnectionSign connection={connection} />
        <Account onLogOut={onLogOut} onPasswordChanged={onPasswordChanged} />
      </header>
      <main className={selected === null ? "page" : "page with-panel"}>
        <section className="overview" aria-label="Overview">
          <Counters
            overview={overview}
            chosen={states[0] ?? null}
            onChoose={(state) => {
              setStates(state === null ? EVERY_STATE : [state]);
            }}
          />
          <Devices devices={overview?.devices ?? null} />
          {overview !== null && <Refusals refusals={overview.refusals} />}
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
            position={captures.rows.get(selected)?.position ?? 0}
            onClose={closePanel}
          />
        )}
      </main>
      <p role="status" className="visually-hidden">
        {captures.answers > 0 && `${String(captures.answers)} new results since this page was opened`}
      </p>
    </>
  );
}
