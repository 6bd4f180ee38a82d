import { type ReactElement, useId } from "react";

interface Wiring {
  id: string;
  "aria-describedby"?: string;
}

interface Props {
  label: string;
  help?: string | undefined;
  /** Draws the input with the id and description that tie it to its label and help. */
  children: (wiring: Wiring) => ReactElement;
}

/** An input with its label and, below it, what to enter. */
export function Field({ label, help, children }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(help === undefined ? { id } : { id, "aria-describedby": `${id}-help` })}
      {help !== undefined && (
        <p id={`${id}-help`} className="quiet">
          {help}
        </p>
      )}
    </div>
  );
}
