import { useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import { nameOf } from "./pages.ts";

/** At each change of the page: its name as the window's title, and the reading order begins at its content. */
export function usePageChange(): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname ?? "/" });
  const before = useRef(path);
  useEffect(() => {
    const name = nameOf(path);
    document.title = name === undefined ? "Smearflow" : `${name} · Smearflow`;
    if (before.current !== path && before.current !== "/") {
      document.getElementById("content")?.focus({ preventScroll: true });
    }
    before.current = path;
  }, [path]);
}
