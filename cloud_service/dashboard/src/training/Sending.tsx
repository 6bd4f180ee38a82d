import { room } from "../admin/figures.ts";
import type { Sent } from "../api/upload.ts";
import { Progress } from "./Progress.tsx";

interface Props {
  /** Null where nothing is on its way. */
  sent: Sent | null;
  /** What the server does with it then, as in "keeps it". */
  then: string;
}

/** How far a file is on its way to the server. */
export function Sending({ sent, then }: Props) {
  return sent === null ? null : (
    <Progress
      name="Sending"
      share={sent.total === 0 ? null : sent.bytes / sent.total}
      words={sent.bytes < sent.total ? `${room(sent.bytes)} of ${room(sent.total)} sent` : `All sent; the server ${then}…`}
    />
  );
}
