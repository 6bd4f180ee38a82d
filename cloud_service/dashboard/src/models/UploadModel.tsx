import { useNavigate } from "@tanstack/react-router";

import { DialogForm } from "../admin/DialogForm.tsx";
import { Field } from "../admin/Field.tsx";
import { useUpload } from "../api/useUpload.ts";
import { Sending } from "../training/Sending.tsx";
import { bytes } from "../words.ts";
import { registerPackage } from "./api.ts";

/** Sends a model's package, tells how far it is, and opens the page of what came of it; to close it ends the sending. */
export function UploadModel({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const { file, choose, sent, deed } = useUpload({
    send: registerPackage,
    onSuccess: async ({ digest }) => {
      onClose();
      await navigate({ to: "/models/$digest", params: { digest } });
    },
  });
  return (
    <DialogForm title="Upload a model" action="Upload" doing="Sending and checking…" deed={deed} onClose={onClose}>
      <p>
        It becomes a candidate: it answers nothing until it was assessed, proposed and approved. A model that is known
        already stays as it is.
      </p>
      <Field label="Package" help="A ZIP file of a package's folder, as `smearflow train` writes it: the card, the network and its weights.">
        {(wiring) => (
          <input
            {...wiring}
            type="file"
            required
            accept=".zip,application/zip"
            onChange={({ target }) => {
              choose(target.files);
            }}
          />
        )}
      </Field>
      {file !== null && <p className="quiet">{bytes(file.size)}. Each file is checked against the digest that the card names.</p>}
      <Sending sent={sent} then="checks it" />
    </DialogForm>
  );
}
