import { type RefObject, useEffect } from "react";

import { useThrottled } from "../live/useThrottled.ts";
import type { Worklist } from "./useWorklist.ts";

const AT_MOST_EVERY_MS = 200;

/**
 * Takes news in by itself while nobody can be disturbed by it: nobody points at the list, works in it by keyboard, has
 * scrolled down in it or looks at another window's tab. Otherwise they wait until they are asked for.
 */
export function useTakingIn(list: RefObject<HTMLElement | null>, { rows, fresh, moved, takeIn }: Worklist): void {
  const take = useThrottled(() => {
    if (list.current !== null && !isWorkedIn(list.current)) {
      takeIn();
    }
  }, AT_MOST_EVERY_MS);
  const news = fresh + moved;

  // The number alone does not tell: where one case is taken in as another arrives, it stays. The rows are others then.
  useEffect(() => {
    if (news > 0) {
      take();
    }
  }, [news, rows, take]);

  useEffect(() => {
    const element = list.current;
    if (element === null || news === 0) {
      return undefined;
    }
    const left = () => {
      // The focus is elsewhere only after the event that tells of its leaving.
      setTimeout(take, 0);
    };
    element.addEventListener("pointerleave", left);
    element.addEventListener("focusout", left);
    return () => {
      element.removeEventListener("pointerleave", left);
      element.removeEventListener("focusout", left);
    };
  }, [list, news, take]);
}

function isWorkedIn(element: HTMLElement): boolean {
  return element.matches(":hover") || element.matches(":focus-within") || window.scrollY > 0;
}
