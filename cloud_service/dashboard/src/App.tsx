import { useCallback, useEffect, useState } from "react";

import { checkSession, isLoggedOut, logOut } from "./api.ts";
import { LivePage } from "./LivePage.tsx";
import { LogIn } from "./LogIn.tsx";

type Session = "unknown" | "none" | "ended" | "open";

/** The whole page: the log-in, or what stands behind it. */
export function App() {
  const [session, setSession] = useState<Session>("unknown");

  useEffect(() => {
    checkSession().then(
      () => {
        setSession("open");
      },
      (error: unknown) => {
        // A server that is away is no reason to ask for the key: the live page says so and tries again.
        setSession(isLoggedOut(error) ? "none" : "open");
      },
    );
  }, []);

  const onLoggedOut = useCallback(() => {
    setSession("ended");
  }, []);

  switch (session) {
    case "unknown":
      return null;
    case "open":
      return (
        <LivePage
          onLoggedOut={onLoggedOut}
          onLogOut={() => {
            void logOut().finally(() => {
              setSession("none");
            });
          }}
        />
      );
    default:
      return (
        <LogIn
          ended={session === "ended"}
          onLoggedIn={() => {
            setSession("open");
          }}
        />
      );
  }
}
