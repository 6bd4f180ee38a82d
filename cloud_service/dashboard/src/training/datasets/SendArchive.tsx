import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { DialogForm } from "../../admin/DialogForm.tsx";
import { Field } from "../../admin/Field.tsx";
import { useUpload } from "../../api/useUpload.ts";
import { sendArchive } from "./api.ts";
import { Sending } from "../Sending.tsx";
import { NameAndPurpose, UNNAMED } from "./NameAndPurpose.tsx";
import { LAYOUT_CHOICES } from "./report.ts";

/** The form that sends an archive of labelled images, and tells how far it is; to close it ends the sending. */
export function SendArchive({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [naming, setNaming] = useState(UNNAMED);
  const [layout, setLayout] = useState("");
  const { choose, sent, deed } = useUpload({
    send: (file, ...way) => sendArchive({ ...naming, name: naming.name.trim(), layout }, file, ...way),
    onSuccess: ({ id }) => navigate({ to: "/training/imports/$importId", params: { importId: id } }),
  });
  return (
    <DialogForm title="Import an archive" action="Send and check" doing="Sending…" deed={deed} onClose={onClose}>
      <Field label="Archive" help="ZIP, tar or tar.gz, with a folder a class, a manifest.csv, or in the layout of a known data set.">
        {(wiring) => (
          <input
            {...wiring}
            type="file"
            required
            accept=".zip,.tar,.tar.gz,.tgz"
            onChange={({ target }) => {
              choose(target.files);
            }}
          />
        )}
      </Field>
      <NameAndPurpose naming={naming} siteLabel="Images of" onChange={setNaming} />
      <Field label="Layout">
        {(wiring) => (
          <select
            {...wiring}
            value={layout}
            onChange={({ target }) => {
              setLayout(target.value);
            }}
          >
            <option value="">Recognise it by the names</option>
            {LAYOUT_CHOICES.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Sending sent={sent} then="keeps it" />
    </DialogForm>
  );
}
