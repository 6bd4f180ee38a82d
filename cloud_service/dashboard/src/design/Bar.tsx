/** A probability as a bar; the number stands beside it. */
export function Bar({ probability }: { probability: number }) {
  return (
    <span className="bar" aria-hidden="true">
      <span style={{ width: `${String(100 * probability)}%` }} />
    </span>
  );
}
