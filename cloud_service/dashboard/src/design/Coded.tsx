/** Words of the server's, in which what is to be typed stands between backticks as in a terminal. */
export function Coded({ words }: { words: string }) {
  // Between what does not stand between backticks stands what does.
  return words.split(/`([^`]+)`/).map((part, place) => (place % 2 === 1 ? <code key={place}>{part}</code> : part));
}
