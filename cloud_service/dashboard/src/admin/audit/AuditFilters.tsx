import { useEffect, useState } from "react";

import { DayInput } from "../../captures/DayInput.tsx";
import { Field } from "../Field.tsx";
import { ACTIONS } from "./actions.ts";
import { actionInWords } from "./auditWords.ts";
import { type AuditSearch, withFilter } from "./filters.ts";

interface Props {
  search: AuditSearch;
  onChange: (search: AuditSearch) => void;
}

const TYPED_MS = 400;

/** What the audit trail is searched for; each change stands in the address at once. */
export function AuditFilters({ search, onChange }: Props) {
  const isEmpty = Object.keys(search).length === 0;
  const known = ACTIONS.some(([, actions]) => actions.some((action) => action === search.action));
  return (
    <form
      role="search"
      aria-label="Audit trail"
      className="filters card"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <Typed name="actor" label="Who" search={search} onChange={onChange} />
      <Field label="What">
        {(wiring) => (
          <select
            {...wiring}
            value={search.action ?? ""}
            onChange={({ target }) => {
              onChange(withFilter(search, "action", target.value));
            }}
          >
            <option value="">Anything</option>
            {search.action !== undefined && !known && (
              <option value={search.action}>{actionInWords(search.action)}</option>
            )}
            {ACTIONS.map(([about, actions]) => (
              <optgroup key={about} label={about}>
                {actions.map((action) => (
                  <option key={action} value={action}>
                    {actionInWords(action)}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      <Typed name="subject" label="To whom or what" search={search} onChange={onChange} />
      <OneDay name="from" label="From" search={search} onChange={onChange} />
      <OneDay name="to" label="To" search={search} onChange={onChange} />
      <button
        type="button"
        disabled={isEmpty}
        onClick={() => {
          onChange({});
        }}
      >
        Clear
      </button>
    </form>
  );
}

interface FilterProps extends Props {
  name: keyof AuditSearch;
  label: string;
}

function OneDay({ name, label, search, onChange }: FilterProps) {
  const change = (value: string) => {
    onChange(withFilter(search, name, value));
  };
  return (
    <Field label={label}>
      {(wiring) => (
        <DayInput
          {...wiring}
          day={search[name] ?? null}
          onChoose={change}
          onClear={() => {
            change("");
          }}
        />
      )}
    </Field>
  );
}

/** A text that is searched for once nobody has typed for a moment. */
function Typed({ name, label, search, onChange }: FilterProps) {
  const given = search[name] ?? "";
  const [text, setText] = useState(given);
  const [seen, setSeen] = useState(given);
  if (seen !== given) {
    // The address was changed elsewhere: by "Clear", a click in the table, or the way back.
    setSeen(given);
    setText(given);
  }
  useEffect(() => {
    if (text.trim() === given) {
      return undefined;
    }
    const timer = setTimeout(() => {
      onChange(withFilter(search, name, text));
    }, TYPED_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [text, given, name, search, onChange]);
  return (
    <Field label={label}>
      {(wiring) => (
        <input
          {...wiring}
          type="search"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={text}
          onChange={({ target }) => {
            setText(target.value);
          }}
        />
      )}
    </Field>
  );
}
