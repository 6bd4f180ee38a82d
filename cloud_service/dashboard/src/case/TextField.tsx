import { useId } from "react";

interface Props {
  label: string;
  hint?: string;
  value: string | null;
  most: number;
  disabled: boolean;
  rows?: number;
  /** Whether the field takes the focus as soon as it appears. */
  focused?: boolean;
  onType: (text: string) => void;
  /** What Enter does; without, it begins another line. */
  onDone?: () => void;
}

/** A field for words that are saved while they are typed. Escape leaves it, so that the keys judge again. */
export function TextField({ label, hint, value, most, disabled, rows = 2, focused = false, onType, onDone }: Props) {
  const id = useId();
  return (
    <div className="text-field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        dir="auto"
        rows={rows}
        autoFocus={focused}
        maxLength={most}
        value={value ?? ""}
        readOnly={disabled}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => {
          onType(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.currentTarget.blur();
          } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing && onDone !== undefined) {
            event.preventDefault();
            event.currentTarget.blur();
            onDone();
          }
        }}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className="small-text quiet">
          {hint}
        </p>
      )}
    </div>
  );
}
