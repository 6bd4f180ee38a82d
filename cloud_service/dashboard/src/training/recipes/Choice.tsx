import { Field } from "../../admin/Field.tsx";

interface Props<Value extends string> {
  label: string;
  help?: string;
  value: Value;
  /** What each is called. */
  choices: Readonly<Partial<Record<Value, string>>>;
  onChange: (value: Value) => void;
}

/** One of a few. */
export function Choice<Value extends string>({ label, help, value, choices, onChange }: Props<Value>) {
  return (
    <Field label={label} {...(help !== undefined && { help })}>
      {(wiring) => (
        <select
          {...wiring}
          value={value}
          onChange={({ target }) => {
            onChange(target.value as Value);
          }}
        >
          {(Object.keys(choices) as Value[]).map((one) => (
            <option key={one} value={one}>
              {choices[one]}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
