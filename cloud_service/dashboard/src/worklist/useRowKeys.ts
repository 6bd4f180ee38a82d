import type { RefObject } from "react";

import { useShortcut } from "../shortcuts/useShortcut.ts";

/** Lets the keyboard walk over the rows of `list`; Enter opens the case, since each row's link has the focus. */
export function useRowKeys(list: RefObject<HTMLElement | null>): void {
  const step = (by: number) => {
    const links = [...(list.current?.querySelectorAll<HTMLElement>("[data-case-link]") ?? [])];
    const now = links.findIndex((link) => link === document.activeElement);
    links[Math.min(Math.max(now + by, 0), links.length - 1)]?.focus();
  };
  useShortcut({ id: "worklist.next", words: "Next case", group: "Worklist", key: "j", repeats: true }, () => {
    step(1);
  });
  useShortcut({ id: "worklist.previous", words: "Previous case", group: "Worklist", key: "k", repeats: true }, () => {
    step(-1);
  });
}
