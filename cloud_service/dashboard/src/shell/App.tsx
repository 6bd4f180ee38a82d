import { CSPProvider } from "@base-ui/react/csp-provider";
import { Tooltip } from "@base-ui/react/tooltip";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect } from "react";

import { queryClient } from "../api/queries.ts";
import { isLoggedOut } from "../api/problem.ts";
import { Brand } from "../design/Brand.tsx";
import { router } from "../routes.tsx";
import { whoAmI } from "../session/accounts.ts";
import { LogIn } from "../session/LogIn.tsx";
import { MeContext } from "../session/me.ts";
import { session } from "../session/session.ts";
import { SessionExpired } from "../session/SessionExpired.tsx";
import { useStore } from "../store.ts";
import { Fault } from "./Fault.tsx";

const ASK_AGAIN_MS = 2000;

/** The whole page: the log-in, or what stands behind it. */
export function App() {
  const now = useStore(session.state);
  useEffect(() => {
    if (now.state === "none") {
      queryClient.clear(); // the next one to log in may see less
    }
  }, [now.state]);
  return (
    // Strict rules of the server (style-src 'self') allow no style elements.
    <CSPProvider disableStyleElements>
      <Tooltip.Provider delay={400}>
        {now.state === "unknown" && <Asking />}
        {now.state === "none" && <LogIn notice={now.notice} />}
        {now.state === "open" && (
          <MeContext value={now.me}>
            <QueryClientProvider client={queryClient}>
              <RouterProvider router={router} />
            </QueryClientProvider>
            {now.expired && <SessionExpired user={now.me.user} />}
          </MeContext>
        )}
      </Tooltip.Provider>
    </CSPProvider>
  );
}

/** Asks who is logged in until the server answers. */
function Asking() {
  useEffect(() => {
    let again: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      whoAmI().then(
        (me) => {
          session.begin(me);
        },
        (error: unknown) => {
          if (isLoggedOut(error)) {
            session.end(null);
          } else {
            again = setTimeout(ask, ASK_AGAIN_MS);
          }
        },
      );
    };
    ask();
    return () => {
      clearTimeout(again);
    };
  }, []);
  return (
    <main className="log-in late">
      <Brand />
      <Fault title="Waiting for the server" words="Smearflow does not answer yet. The page asks again every two seconds." />
    </main>
  );
}
