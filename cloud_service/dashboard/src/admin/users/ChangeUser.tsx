import { useState } from "react";

import type { UserView } from "../../api.gen.ts";
import { Confirm } from "../Confirm.tsx";
import { changeUser } from "./api.ts";
import { type Place, RoleAndSite, siteOf } from "./RoleAndSite.tsx";

interface Props {
  user: UserView;
  sites: readonly string[];
  onClose: () => void;
}

/** The form that gives a user another role or site. */
export function ChangeUser({ user, sites, onClose }: Props) {
  const [place, setPlace] = useState<Place>({ role: user.role, site: user.site ?? "" });
  return (
    <Confirm
      title={`Role and site of ${user.name}`}
      action="Change"
      doing="Changing…"
      act={() => changeUser(user.name, { role: place.role, site: siteOf(place) })}
      onClose={onClose}
    >
      <RoleAndSite place={place} sites={sites} onChange={setPlace} />
      <p className="quiet">
        The user&apos;s sessions end at once: {user.name} logs in anew, with the new rights. Tokens go on with them.
      </p>
    </Confirm>
  );
}
