import type { Connection } from "./events.ts";

const WORDS: Record<Connection, { sign: string; word: string }> = {
  connecting: { sign: "◌", word: "Connecting…" },
  live: { sign: "●", word: "Live" },
  lost: { sign: "▲", word: "Connection lost. Reconnecting…" },
};

/** Whether what is shown is up to date. */
export function ConnectionSign({ connection }: { connection: Connection }) {
  const { sign, word } = WORDS[connection];
  return (
    <p role="status" className={`connection ${connection}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </p>
  );
}
