import { Field } from "../admin/Field.tsx";

interface Props {
  label?: string;
  help?: string;
  reason: string;
  onChange: (reason: string) => void;
}

/** Why somebody does something: asked for wherever it stands in the history for ever. */
export function ReasonField({ label = "Reason", help = "It stands in the timeline and the audit trail for ever.", reason, onChange }: Props) {
  return (
    <Field label={label} help={help}>
      {(wiring) => (
        <textarea
          {...wiring}
          required
          rows={3}
          maxLength={2000}
          value={reason}
          onChange={({ target }) => {
            onChange(target.value);
          }}
        />
      )}
    </Field>
  );
}
