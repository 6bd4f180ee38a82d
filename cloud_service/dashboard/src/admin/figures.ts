const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** What a page takes for now is that old at most; see `useNow`. */
const NOW_IS_OLD_SECONDS = 10;

/** How long ago, or ahead, a moment lies: "3 minutes ago", "in 2 hours", "just now". */
export function ago(moment: string, now: Date = new Date()): string {
  const seconds = (Date.parse(moment) - now.getTime()) / 1000;
  if (seconds > 0 && seconds <= NOW_IS_OLD_SECONDS) {
    return "just now";
  }
  for (const [unit, length] of UNITS) {
    const count = Math.trunc(seconds / length);
    if (count !== 0 && (unit !== "second" || Math.abs(count) >= 5)) {
      return RELATIVE.format(count, unit);
    }
  }
  return "just now";
}

/** A length of time in its two largest units: "2 h 5 min", "40 s". */
export function duration(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) {
    return "0 s";
  }
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${String(count)} ${unit}`)
    .join(" ");
}

/** Room on a disk: "512 MB", "37.4 GB", "1.20 TB". */
export function room(bytes: number): string {
  if (bytes >= 1e12) {
    return `${(bytes / 1e12).toFixed(2)} TB`;
  }
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
}

/** How many of something: "1 image", "12 images". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
