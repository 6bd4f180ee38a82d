/** The name, with its sign. */
export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <circle cx="16" cy="16" r="14" className="brand-cell" />
        <path d="M9 17c0-5 4-8 8-7 5 1 7 5 5 9s-6 5-9 4-4-3-4-6z" className="brand-nucleus" />
      </svg>
      Smearflow
    </span>
  );
}
