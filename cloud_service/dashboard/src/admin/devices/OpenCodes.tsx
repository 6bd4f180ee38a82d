import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { OpenEnrolmentCode } from "../../api.gen.ts";
import { Asked } from "../Asked.tsx";
import { Confirm } from "../Confirm.tsx";
import { useNow } from "../useNow.ts";
import { When } from "../When.tsx";
import { openCodesQuery, withdrawCode } from "./api.ts";

/** The codes that were made and not used yet, with the way to withdraw one; nothing where there is none. */
export function OpenCodes() {
  const codes = useQuery(openCodesQuery);
  const now = useNow();
  const [withdrawing, setWithdrawing] = useState<OpenEnrolmentCode | null>(null);
  return (
    <>
      <Asked query={codes} what="enrolment codes">
        {(found) => {
          // One that expires while the page is open goes by itself.
          const open = found.filter(({ expires_at }) => Date.parse(expires_at) > now.getTime());
          return open.length > 0 && <CodeTable codes={open} now={now} onWithdraw={setWithdrawing} />;
        }}
      </Asked>
      {withdrawing !== null && (
        <Confirm
          title={`Withdraw the code for ${withdrawing.device}?`}
          action="Withdraw"
          doing="Withdrawing…"
          isDestructive
          act={() => withdrawCode(withdrawing.device)}
          onClose={() => {
            setWithdrawing(null);
          }}
        >
          <p>
            The code that <strong>{withdrawing.created_by}</strong> made for <strong>{withdrawing.device}</strong> of{" "}
            {withdrawing.site} enrols nothing any more, at once. Another one can be made.
          </p>
        </Confirm>
      )}
    </>
  );
}

interface TableProps {
  codes: readonly OpenEnrolmentCode[];
  now: Date;
  onWithdraw: (code: OpenEnrolmentCode) => void;
}

function CodeTable({ codes, now, onWithdraw }: TableProps) {
  return (
    <section className="part" aria-labelledby="open-codes">
      <div>
        <h2 id="open-codes">Enrolment codes that were not used yet</h2>
        <p className="quiet">Each lets one workstation fetch its credentials. The code itself was shown to its maker alone.</p>
      </div>
      <table className="plain stacking">
        <caption className="visually-hidden">Enrolment codes</caption>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">Made by</th>
            <th scope="col">Made</th>
            <th scope="col">Expires</th>
            <th scope="col">
              <span className="visually-hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {codes.map((code) => (
            <tr key={`${code.device} ${code.created_at}`} data-code-for={code.device}>
              <th scope="row">
                {code.device} <span className="quiet">{code.site}</span>
              </th>
              <td data-name="Made by">{code.created_by}</td>
              <td data-name="Made">
                <When moment={code.created_at} now={now} />
              </td>
              <td data-name="Expires">
                <When moment={code.expires_at} now={now} />
              </td>
              <td className="row-actions">
                <button
                  type="button"
                  aria-label={`Withdraw the code for ${code.device}`}
                  onClick={() => {
                    onWithdraw(code);
                  }}
                >
                  Withdraw…
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
