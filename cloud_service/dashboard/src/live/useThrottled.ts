import { useCallback, useEffect, useRef } from "react";

/** A function that may be called as often as something happens: it calls `run` at once, and then at most every `ms`. */
export function useThrottled(run: () => void, ms: number): () => void {
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const ranAt = useRef(0);
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(
    () => () => {
      clearTimeout(waiting.current);
      waiting.current = undefined;
    },
    [],
  );
  return useCallback(() => {
    waiting.current ??= setTimeout(
      () => {
        waiting.current = undefined;
        ranAt.current = Date.now();
        latest.current();
      },
      Math.max(0, ranAt.current + ms - Date.now()),
    );
  }, [ms]);
}
