import "./progress.css";

interface Props {
  /** What it is of, as in "Training". */
  name: string;
  /** 0 to 1; null where nobody can say. */
  share: number | null;
  words: string;
  /** What stands at the other end of the line, as in the time that is left. */
  besides?: string | null;
}

/** How far something is, as a bar with words. */
export function Progress({ name, share, words, besides = null }: Props) {
  return (
    <div className="progress">
      <progress aria-label={name} max={100} {...(share !== null && { value: Math.floor(100 * share) })} />
      <p className="progress-words">
        <span>
          {share !== null && <strong>{Math.floor(100 * share)} %</strong>} {words}
        </span>
        {besides !== null && <span className="quiet">{besides}</span>}
      </p>
    </div>
  );
}
