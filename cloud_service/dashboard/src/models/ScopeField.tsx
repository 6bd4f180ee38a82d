import { useQuery } from "@tanstack/react-query";

import { Asked } from "../admin/Asked.tsx";
import { Field } from "../admin/Field.tsx";
import { devicesQuery } from "../admin/devices/api.ts";
import { EVERYWHERE } from "./words.ts";

interface Props {
  help: string;
  scope: string;
  onChange: (scope: string) => void;
}

/** Where: all sites, or one of them; that the sites are not there yet is said beside it. */
export function ScopeField({ help, scope, onChange }: Props) {
  const devices = useQuery(devicesQuery);
  const sites = [...new Set((devices.data ?? []).map(({ site_id }) => site_id))].sort();
  return (
    <>
      <Field label="Where" help={help}>
        {(wiring) => (
          <select
            {...wiring}
            value={scope}
            onChange={({ target }) => {
              onChange(target.value);
            }}
          >
            <option value={EVERYWHERE}>All sites without a model of their own</option>
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
