import { Link } from "@tanstack/react-router";

import { StateSign } from "../../admin/StateSign.tsx";
import { useNow } from "../../admin/useNow.ts";
import { When } from "../../admin/When.tsx";
import { WithIcon } from "../WithIcon.tsx";
import type { DatasetImportView } from "../../api.gen.ts";
import { IMPORT_STATES, PURPOSES, SOURCES } from "./words.ts";

const ENDED_SHOWN = 3;

/** Data sets on their way in, and the last few that came to nothing; nothing where there is none. */
export function ImportTable({ imports }: { imports: readonly DatasetImportView[] }) {
  const now = useNow();
  const open = imports.filter(({ ended_at }) => ended_at === null);
  const ended = imports.filter(({ ended_at, state }) => ended_at !== null && state !== "imported").slice(0, ENDED_SHOWN);
  const shown = [...open, ...ended];
  if (shown.length === 0) {
    return null;
  }
  return (
    <section className="part" aria-labelledby="on-their-way">
      <h2 id="on-their-way">On their way in</h2>
      <table className="plain stacking">
        <caption className="visually-hidden">Data sets on their way in</caption>
        <thead>
          <tr>
            <th scope="col">Data set</th>
            <th scope="col">State</th>
            <th scope="col">Purpose</th>
            <th scope="col">From</th>
            <th scope="col">Begun</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => {
            const { kind, word } = IMPORT_STATES[one.state];
            const { icon, word: purpose } = PURPOSES[one.purpose];
            return (
              <tr key={one.id} data-import={one.name}>
                <th scope="row">
                  <Link to="/training/imports/$importId" params={{ importId: one.id }}>{one.name}</Link>
                </th>
                <td data-name="State">
                  <div className="signs">
                    <StateSign kind={kind} words={word} />
                    {one.reason !== null && <span className="quiet">{one.reason}</span>}
                  </div>
                </td>
                <td data-name="Purpose">
                  <WithIcon icon={icon}>{purpose}</WithIcon>
                </td>
                <td data-name="From">
                  <bdi>{one.file_name ?? SOURCES[one.source]}</bdi>
                </td>
                <td data-name="Begun">
                  <span>
                    <When moment={one.created_at} now={now} /> <span className="quiet">by {one.created_by}</span>
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
