import { useEffect, useState } from "react";

import { type Day, dayOf } from "./day.ts";

const LOOK_EVERY_MS = 30_000;

/** Today's date, where the reader sits; a page that is left open overnight goes on with the next day. */
export function useToday(): Day {
  const [today, setToday] = useState(() => dayOf(new Date()));
  useEffect(() => {
    // A timer that waits for midnight stands still while the computer sleeps, and rings hours too late.
    const timer = setInterval(() => {
      setToday(dayOf(new Date()));
    }, LOOK_EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return today;
}
