import type { Role } from "../../api.gen.ts";
import { Field } from "../Field.tsx";
import { ALL_ROLES, hasSite, ROLES } from "./roles.ts";

export interface Place {
  readonly role: Role;
  readonly site: string;
}

interface Props {
  place: Place;
  sites: readonly string[];
  onChange: (place: Place) => void;
}

/** What a user is here for, and of which site, where the role belongs to one. */
export function RoleAndSite({ place, sites, onChange }: Props) {
  return (
    <>
      <fieldset className="choices">
        <legend>Role</legend>
        {ALL_ROLES.map((role) => (
          <label key={role}>
            <input
              type="radio"
              name="role"
              value={role}
              checked={place.role === role}
              onChange={() => {
                onChange({ ...place, role });
              }}
            />
            <span>
              <strong>{ROLES[role].word}</strong> <span className="quiet">{ROLES[role].meaning}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {hasSite(place.role) && (
        <Field label="Site" {...(sites.length === 0 && { help: "There is none yet: a site comes with its first device." })}>
          {(wiring) => (
            <select
              {...wiring}
              required
              value={place.site}
              onChange={({ target }) => {
                onChange({ ...place, site: target.value });
              }}
            >
              <option value="">Choose…</option>
              {sites.map((site) => (
                <option key={site}>{site}</option>
              ))}
            </select>
          )}
        </Field>
      )}
    </>
  );
}

/** The site that goes with a role; none where the role belongs to none. */
export function siteOf({ role, site }: Place): string | null {
  return hasSite(role) ? site : null;
}
