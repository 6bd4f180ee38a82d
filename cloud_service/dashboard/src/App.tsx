import { useCallback, useEffect, useState } from "react";

import { isLoggedOut, logOut, whoAmI } from "./api.ts";
import type { Me } from "./api.gen.ts";
import { LivePage } from "./LivePage.tsx";
import { LogIn } from "./LogIn.tsx";
import { MeContext } from "./me.ts";

const ASK_AGAIN_MS = 2000;

type Session =
  | { state: "unknown" }
  | { state: "none"; notice: string | null }
  | { state: "open"; me: Me | null };

/** The whole page: the log-in, or what stands behind it. */
export function App() {
  const [session, setSession] = useState<Session>({ state: "unknown" });
  const isUnsure = session.state === "unknown" || (session.state === "open" && session.me === null);

  useEffect(() => {
    if (!isUnsure) {
      return undefined;
    }
    let again: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const ask = () => {
      whoAmI().then(
        (me) => {
          if (!ended) {
            setSession({ state: "open", me });
          }
        },
        (error: unknown) => {
          if (ended) {
            return;
          }
          if (isLoggedOut(error)) {
            setSession({ state: "none", notice: null });
            return;
          }
          // A server that is away is no reason to ask for a password: the live page says so and tries again.
          setSession((now) => (now.state === "unknown" ? { state: "open", me: null } : now));
          again = setTimeout(ask, ASK_AGAIN_MS);
        },
      );
    };
    ask();
    return () => {
      ended = true;
      clearTimeout(again);
    };
  }, [isUnsure]);

  const end = useCallback((notice: string | null) => {
    setSession({ state: "none", notice });
  }, []);
  const onLoggedOut = useCallback(() => {
    end("The session has ended: log in again.");
  }, [end]);

  switch (session.state) {
    case "unknown":
      return null;
    case "open":
      return (
        <MeContext value={session.me}>
          <LivePage
            onLoggedOut={onLoggedOut}
            onPasswordChanged={() => {
              end("The password is changed: log in with the new one.");
            }}
            onLogOut={() => {
              void logOut().finally(() => {
                end(null);
              });
            }}
          />
        </MeContext>
      );
    case "none":
      return (
        <LogIn
          notice={session.notice}
          onLoggedIn={(me) => {
            setSession({ state: "open", me });
          }}
        />
      );
  }
}
