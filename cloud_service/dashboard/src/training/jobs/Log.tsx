import { useLayoutEffect, useRef } from "react";

const NEAR_THE_END = 24;

/** The end of a job's log. It follows what is written, unless somebody has scrolled up to read. */
export function Log({ text }: { text: string }) {
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (box.current !== null && follows.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [text]);
  return (
    <section className="card training-box" aria-labelledby="log">
      <h2 id="log">Log</h2>
      <p className="quiet">{text === "" ? "Nothing written yet." : "Its times are in UTC."}</p>
      {text !== "" && (
        <pre
          ref={box}
          className="log"
          role="log"
          aria-labelledby="log"
          aria-live="off"
          tabIndex={0}
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            follows.current = scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
          }}
        >
          {text}
        </pre>
      )}
    </section>
  );
}
