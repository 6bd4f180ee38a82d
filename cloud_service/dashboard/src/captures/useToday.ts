import { useEffect, useState } from "react";

import { type Day, dayOf, untilTomorrow } from "./day.ts";

/** Today's date, where the reader sits; a page that is left open overnight goes on with the next day. */
export function useToday(): Day {
  const [today, setToday] = useState(() => dayOf(new Date()));
  useEffect(() => {
    const timer = setTimeout(() => {
      setToday(dayOf(new Date()));
    }, untilTomorrow(new Date()));
    return () => {
      clearTimeout(timer);
    };
  }, [today]);
  return today;
}
