import { Store, useStore } from "../store.ts";
import { fullTime } from "../words.ts";

const EVERY_MS = 15_000;
const minute = new Store(Date.now());
setInterval(() => {
  minute.set(Date.now());
}, EVERY_MS);

/** How long ago something was, kept up to date; the moment itself when it is pointed at. */
export function Age({ since }: { since: string }) {
  return (
    <time dateTime={since} title={fullTime(since)}>
      {ageWords(Math.max(useStore(minute), Date.parse(since)) - Date.parse(since))}
    </time>
  );
}

/** A span of milliseconds in the largest unit that says enough: "now", "12 min", "3 h 20 min", "2 d 4 h", "12 d". */
export function ageWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) {
    return "now";
  }
  if (minutes < 60) {
    return `${String(minutes)} min`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    return hours < 6 && minutes % 60 > 0 ? `${String(hours)} h ${String(minutes % 60)} min` : `${String(hours)} h`;
  }
  const days = Math.floor(hours / 24);
  return days < 3 && hours % 24 > 0 ? `${String(days)} d ${String(hours % 24)} h` : `${String(days)} d`;
}
