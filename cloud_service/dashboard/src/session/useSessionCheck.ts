import { useEffect } from "react";

import { stream } from "../live/stream.ts";
import { useThrottled } from "../live/useThrottled.ts";
import { checkSession } from "./accounts.ts";

const AT_MOST_EVERY_MS = 1000;

/** Asks whose session it is whenever the person comes back to this tab, and the stream to its server. */
export function useSessionCheck(): void {
  const check = useThrottled(() => {
    void checkSession();
  }, AT_MOST_EVERY_MS);
  useEffect(() => {
    window.addEventListener("focus", check);
    const end = stream.greeting(({ first }) => {
      if (!first) {
        check();
      }
    });
    return () => {
      window.removeEventListener("focus", check);
      end();
    };
  }, [check]);
}
