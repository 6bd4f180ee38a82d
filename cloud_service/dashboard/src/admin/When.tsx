import { fullTime } from "../words.ts";
import { ago } from "./figures.ts";

/** A moment as people tell it, with its date and time to be read by pointing at it; `never` where there is none. */
export function When({ moment, now, never = "never" }: { moment: string | null; now: Date; never?: string }) {
  if (moment === null) {
    return <span className="quiet">{never}</span>;
  }
  return (
    <time dateTime={moment} title={fullTime(moment)}>
      {ago(moment, now)}
    </time>
  );
}
