import { useQuery } from "@tanstack/react-query";

import { Asked } from "../Asked.tsx";
import { Field } from "../Field.tsx";
import { devicesQuery } from "./api.ts";

interface Props {
  label: string;
  help?: string | undefined;
  /** What stands for all sites: its value, and its words. */
  all: readonly [value: string, words: string];
  value: string;
  onChange: (value: string) => void;
}

/** All sites, or one of those that have devices; that they are not there yet is said beside it. */
export function SiteChoice({ label, help, all: [everywhere, words], value, onChange }: Props) {
  const devices = useQuery(devicesQuery);
  const sites = [...new Set((devices.data ?? []).map(({ site_id }) => site_id))].sort();
  return (
    <>
      <Field label={label} help={help}>
        {(wiring) => (
          <select
            {...wiring}
            value={value}
            onChange={({ target }) => {
              onChange(target.value);
            }}
          >
            <option value={everywhere}>{words}</option>
            {sites.map((site) => (
              <option key={site} value={site}>
                Site {site}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Asked query={devices} what="sites">
        {() => null}
      </Asked>
    </>
  );
}
