import { Field } from "../../admin/Field.tsx";

interface Props {
  label: string;
  help?: string;
  value: number;
  min: number;
  max?: number;
  step?: number | "any";
  onChange: (value: number) => void;
}

/** A number; NaN as long as nothing is there that is one, so that nothing is sent. */
export function NumberField({ label, help, value, onChange, ...limits }: Props) {
  return (
    <Field label={label} {...(help !== undefined && { help })}>
      {(wiring) => (
        <input
          {...wiring}
          {...limits}
          type="number"
          inputMode="decimal"
          required
          value={Number.isNaN(value) ? "" : value}
          onChange={({ target }) => {
            onChange(target.valueAsNumber);
          }}
        />
      )}
    </Field>
  );
}
