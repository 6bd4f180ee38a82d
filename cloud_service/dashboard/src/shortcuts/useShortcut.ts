import { useEffect, useEffectEvent } from "react";

import { addShortcut, type Shortcut } from "./shortcuts.ts";

/**
 * Offers a keyboard shortcut while the component is there and `enabled` holds. It is listed in the help (`?`), where
 * people give it another key or switch it off. It does not run while somebody types into a field, unless it holds Ctrl,
 * and not behind a window.
 */
export function useShortcut(
  { id, words, group, key, repeats = false }: Shortcut,
  run: (event: KeyboardEvent) => void,
  { enabled = true }: { enabled?: boolean } = {},
): void {
  const runNow = useEffectEvent(run);
  useEffect(() => {
    if (!enabled) {
      return undefined;
    }
    return addShortcut({
      id,
      words,
      group,
      key,
      repeats,
      run: (event) => {
        runNow(event);
      },
    });
  }, [id, words, group, key, repeats, enabled]);
}
