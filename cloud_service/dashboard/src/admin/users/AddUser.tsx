import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { DialogForm } from "../DialogForm.tsx";
import { Field } from "../Field.tsx";
import { addUser } from "./api.ts";
import { NewPassword } from "./NewPassword.tsx";
import { type Place, RoleAndSite, siteOf } from "./RoleAndSite.tsx";

/** The form that adds a user, and then shows the password that was made, this once. */
export function AddUser({ sites, onClose }: { sites: readonly string[]; onClose: () => void }) {
  const [name, setName] = useState("");
  const [place, setPlace] = useState<Place>({ role: "clinician", site: sites.length === 1 ? (sites[0] ?? "") : "" });
  // The answer holds a password: no cache keeps it longer than this dialog.
  const adding = useMutation({
    mutationFn: () => addUser({ name: name.trim(), role: place.role, site: siteOf(place) }),
    gcTime: 0,
  });
  if (adding.data !== undefined) {
    return <NewPassword title="User added" made={adding.data} onClose={onClose} />;
  }
  return (
    <DialogForm
      title="Add a user"
      action="Add user"
      doing="Adding…"
      deed={adding}
      onClose={onClose}
    >
      <Field label="Name" help="Lower-case letters, digits, dot, hyphen: h.meier, say. It cannot be changed later.">
        {(wiring) => (
          <input
            {...wiring}
            type="text"
            required
            maxLength={64}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={name}
            onChange={({ target }) => {
              setName(target.value);
            }}
          />
        )}
      </Field>
      <RoleAndSite place={place} sites={sites} onChange={setPlace} />
    </DialogForm>
  );
}
