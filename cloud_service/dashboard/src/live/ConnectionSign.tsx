import type { Connection } from "./stream.ts";
import { useConnection } from "./useStream.ts";

const WORDS: Record<Connection, { sign: string; word: string; meaning: string }> = {
  connecting: { sign: "◌", word: "Connecting…", meaning: "The page asks the server for what happens from now on." },
  live: { sign: "●", word: "Live", meaning: "What happens is shown at once, without a reload." },
  lost: {
    sign: "▲",
    word: "Connection lost. Reconnecting…",
    meaning: "What is shown may be out of date; the page catches up by itself as soon as the server answers.",
  },
};

/** Whether what is shown is up to date. */
export function ConnectionSign() {
  const connection = useConnection();
  const { sign, word, meaning } = WORDS[connection];
  return (
    <p role="status" className={`connection ${connection}`} title={meaning}>
      <span aria-hidden="true">{sign}</span> {word}
    </p>
  );
}
