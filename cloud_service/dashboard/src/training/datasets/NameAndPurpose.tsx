import { useQuery } from "@tanstack/react-query";
import { useId } from "react";

import { SiteChoice } from "../../admin/devices/SiteChoice.tsx";
import { Field } from "../../admin/Field.tsx";
import { datasetsQuery } from "./api.ts";
import type { DatasetPurpose } from "../../api.gen.ts";
import { PURPOSES } from "./words.ts";

/** What a data set is to be called, and what it is for. */
export interface Naming {
  readonly name: string;
  readonly purpose: DatasetPurpose;
  readonly site: string;
}

export const UNNAMED: Naming = { name: "", purpose: "training", site: "" };

interface Props {
  naming: Naming;
  siteLabel: string;
  onChange: (naming: Naming) => void;
}

export function NameAndPurpose({ naming, siteLabel, onChange }: Props) {
  const known = useId();
  const { data: versions = [] } = useQuery(datasetsQuery);
  const names = [...new Set(versions.map(({ name }) => name))];
  return (
    <>
      <Field label="Name" help="Under the name of a data set that is there, it becomes its next version.">
        {(wiring) => (
          <input
            {...wiring}
            type="text"
            required
            maxLength={100}
            pattern="[A-Za-z0-9][A-Za-z0-9 ._+\-]*"
            title="Letters, digits, blanks, and . _ + -"
            autoComplete="off"
            list={known}
            value={naming.name}
            onChange={({ target }) => {
              onChange({ ...naming, name: target.value });
            }}
          />
        )}
      </Field>
      <datalist id={known}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <fieldset className="choices">
        <legend>Purpose</legend>
        {(Object.keys(PURPOSES) as DatasetPurpose[]).map((purpose) => {
          const { icon: Icon, word, meaning } = PURPOSES[purpose];
          return (
            <label key={purpose}>
              <input
                type="radio"
                name="purpose"
                checked={naming.purpose === purpose}
                onChange={() => {
                  onChange({ ...naming, purpose });
                }}
              />
              <span>
                <strong>
                  <Icon aria-hidden="true" className="lucide small" /> {word}
                </strong>{" "}
                <span className="quiet">{meaning}</span>
              </span>
            </label>
          );
        })}
      </fieldset>
      <SiteChoice
        label={siteLabel}
        all={["", "All sites"]}
        value={naming.site}
        onChange={(site) => {
          onChange({ ...naming, site });
        }}
      />
    </>
  );
}
