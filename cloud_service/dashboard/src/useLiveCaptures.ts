import { useCallback, useEffect, useReducer, useState } from "react";

import { fetchCaptures, isLoggedOut, type Overview, whoAmI } from "./api.ts";
import type { CaptureState } from "./api.gen.ts";
import { captures, type Captures, NO_CAPTURES, newestFirst } from "./captures.ts";
import { type Connection, followEvents } from "./events.ts";
import { useOverview } from "./useOverview.ts";

const LOAD_AGAIN_MS = 2000;

export interface Live {
  readonly captures: Captures;
  readonly connection: Connection;
  readonly overview: Overview | null;
  readonly loadOlder: () => void;
}

/**
 * Captures, kept up to date without a reload.
 *
 * @param states - which are loaded (all, where empty); a constant, since another array is another filter
 * @param onLoggedOut - called when the session has ended; must be stable
 */
export function useLiveCaptures(states: readonly CaptureState[], onLoggedOut: () => void): Live {
  const [state, change] = useReducer(captures, NO_CAPTURES);
  const [connection, setConnection] = useState<Connection>("connecting");
  const [loads, setLoads] = useState(0);

  const orLogOut = useCallback(
    (error: unknown) => {
      if (isLoggedOut(error)) {
        onLoggedOut();
      }
    },
    [onLoggedOut],
  );
  const { overview, refresh } = useOverview(orLogOut);

  useEffect(() => {
    let again: ReturnType<typeof setTimeout> | undefined;
    let stop: (() => void) | undefined;
    let ended = false;
    const loadAgain = () => {
      setLoads((count) => count + 1);
    };
    const begin = async () => {
      const page = await fetchCaptures(states, null);
      if (ended) {
        return;
      }
      change({ type: "loaded", states, page });
      stop = followEvents(page.position, {
        onConnection: setConnection,
        onCaptures: (rows) => {
          change({ type: "told", rows });
          refresh();
        },
        onDevice: refresh,
        onReset: loadAgain,
        onRefused: () => {
          whoAmI().catch(orLogOut);
        },
      });
    };
    begin().catch((error: unknown) => {
      orLogOut(error);
      if (!ended) {
        setConnection("lost");
        again = setTimeout(loadAgain, LOAD_AGAIN_MS);
      }
    });
    return () => {
      ended = true;
      clearTimeout(again);
      stop?.();
    };
  }, [states, loads, orLogOut, refresh]);

  const loadOlder = useCallback(() => {
    const oldest = newestFirst(state).at(-1)?.capture.id ?? null;
    fetchCaptures(states, oldest).then((page) => {
      change({ type: "older", page });
    }, orLogOut);
  }, [state, states, orLogOut]);

  return { captures: state, connection, overview, loadOlder };
}
