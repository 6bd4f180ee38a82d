import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";

import type { EnrolmentCodeView } from "../../api.gen.ts";
import { Dialog } from "../../design/Dialog.tsx";
import { fullTime } from "../../words.ts";
import { DialogForm } from "../DialogForm.tsx";
import { Field } from "../Field.tsx";
import { Secret } from "../Secret.tsx";
import { makeEnrolmentCode } from "./api.ts";

interface Props {
  sites: readonly string[];
  /** A device that is to be enrolled anew; null: another one. */
  again: { readonly site: string; readonly device: string } | null;
  onClose: () => void;
}

const SLUG = "[A-Za-z0-9_\\-]+";

/** The form that makes a code for a workstation, and then shows it, this once. */
export function EnrolDevice({ sites, again, onClose }: Props) {
  const [site, setSite] = useState(again?.site ?? (sites.length === 1 ? (sites[0] ?? "") : ""));
  const [device, setDevice] = useState(again?.device ?? "");
  const list = useId();
  // The answer holds a secret: no cache keeps it longer than this dialog.
  const making = useMutation({ mutationFn: () => makeEnrolmentCode({ site: site.trim(), device: device.trim() }), gcTime: 0 });
  if (making.data !== undefined) {
    return <Code made={making.data} isAgain={again !== null} onClose={onClose} />;
  }
  return (
    <DialogForm
      title={again === null ? "Enrol a device" : `Enrol ${again.device} anew`}
      action="Make the code"
      doing="Making the code…"
      deed={making}
      onClose={onClose}
    >
      {again !== null && (
        <p>
          The device gets new credentials, with which it goes on; the former ones open nothing any more once the code is
          used.
        </p>
      )}
      <Field label="Site" help="Where the workstation stands. A new name makes a new site.">
        {(wiring) => (
          <input
            {...wiring}
            type="text"
            required
            pattern={SLUG}
            maxLength={64}
            list={list}
            autoComplete="off"
            spellCheck={false}
            readOnly={again !== null}
            value={site}
            onChange={({ target }) => {
              setSite(target.value);
            }}
          />
        )}
      </Field>
      <datalist id={list}>
        {sites.map((known) => (
          <option key={known} value={known} />
        ))}
      </datalist>
      <Field label="Device" help="Letters, digits, hyphen, underscore: scope-1, say. No other device has it.">
        {(wiring) => (
          <input
            {...wiring}
            type="text"
            required
            pattern={SLUG}
            maxLength={64}
            autoComplete="off"
            spellCheck={false}
            readOnly={again !== null}
            value={device}
            onChange={({ target }) => {
              setDevice(target.value);
            }}
          />
        )}
      </Field>
    </DialogForm>
  );
}

interface CodeProps {
  made: EnrolmentCodeView;
  isAgain: boolean;
  onClose: () => void;
}

function Code({ made: { code, site, device, expires_at }, isAgain, onClose }: CodeProps) {
  return (
    <Dialog open wide title={`Enrolment code for ${device}`} mustAnswer onClose={onClose}>
      <div className="dialog-form">
        <p>
          Type it in at the workstation <strong>{device}</strong> of <strong>{site}</strong>. It works once, until{" "}
          <time dateTime={expires_at}>{fullTime(expires_at)}</time>, and takes the place of any earlier one.
        </p>
        <Secret name="Code" secret={code} />
        <p>There, with the folder that the microscope&apos;s software saves into:</p>
        <pre tabIndex={0} aria-label="Command for the workstation">
          <code>{command(code, isAgain)}</code>
        </pre>
        <div className="buttons">
          <button type="button" className="primary" onClick={onClose}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}

/** What redeems the code; a workstation that was enrolled before keeps nothing of it but its key. */
function command(code: string, isAgain: boolean): string {
  const force = isAgain ? " --force" : "";
  return `smearflow-edge enrol --url ${window.location.origin} --code ${code} --watch FOLDER${force}`;
}
