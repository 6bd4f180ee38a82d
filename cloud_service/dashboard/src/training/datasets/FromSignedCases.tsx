import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { DialogForm } from "../../admin/DialogForm.tsx";
import { Field } from "../../admin/Field.tsx";
import { importSigned } from "./api.ts";
import { NameAndPurpose, UNNAMED } from "./NameAndPurpose.tsx";

/** The form that makes a data set of the images of signed cases. */
export function FromSignedCases({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [naming, setNaming] = useState(UNNAMED);
  const [day, setDay] = useState("");
  const making = useMutation({
    mutationFn: () =>
      importSigned({
        name: naming.name.trim(),
        purpose: naming.purpose,
        site: naming.site === "" ? null : naming.site,
        since: day === "" ? null : new Date(`${day}T00:00`).toISOString(),
      }),
    onSuccess: ({ id }) => navigate({ to: "/training/imports/$importId", params: { importId: id } }),
  });
  return (
    <DialogForm title="A data set of signed cases" action="Check them" doing="Beginning…" deed={making} onClose={onClose}>
      <p className="quiet">
        Images on which a person gave a verdict, in reports that a person signed. The model&apos;s own answers never become labels.
      </p>
      <NameAndPurpose naming={naming} siteLabel="Cases of" onChange={setNaming} />
      <Field label="Signed since" help="Leave empty for all of them.">
        {(wiring) => (
          <input
            {...wiring}
            type="date"
            value={day}
            onChange={({ target }) => {
              setDay(target.value);
            }}
          />
        )}
      </Field>
    </DialogForm>
  );
}
