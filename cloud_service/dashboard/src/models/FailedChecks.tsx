/** What the gate asked of a model and did not get. */
export function FailedChecks({ titles }: { titles: readonly string[] }) {
  return (
    <ul className="failed-checks">
      {titles.map((title) => (
        <li key={title}>“{title}”: failed</li>
      ))}
    </ul>
  );
}
