import type { AuditEntryView } from "../../api.gen.ts";
import { fullTime } from "../../words.ts";
import { actionInWords, detailsInWords } from "./auditWords.ts";
import type { AuditSearch } from "./filters.ts";

interface Props {
  entries: readonly AuditEntryView[];
  /** A name or subject was chosen to be searched for. */
  onFilter: (change: AuditSearch) => void;
}

/** Entries of the audit trail, newest first. */
export function EntryTable({ entries, onFilter }: Props) {
  return (
    <table className="plain stacking audit">
      <caption className="visually-hidden">Entries of the audit trail, newest first</caption>
      <thead>
        <tr>
          <th scope="col" className="number">
            No.
          </th>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">To whom or what</th>
          <th scope="col">Details</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.position} data-entry={entry.position}>
            <td className="number quiet" data-name="No." title={`SHA-256 ${entry.hash}`}>
              {entry.position}
            </td>
            <td data-name="When">
              <time dateTime={entry.at}>{fullTime(entry.at)}</time>
            </td>
            <td data-name="Who">
              <Choice
                text={entry.actor}
                onChoose={() => {
                  onFilter({ actor: entry.actor });
                }}
              />{" "}
              <span className="quiet">{[entry.role, entry.token && `token ${entry.token}`].filter(Boolean).join(", ")}</span>
            </td>
            <td data-name="What" className={entry.action.includes("refused") ? "refused" : undefined}>
              {actionInWords(entry.action)}
            </td>
            <td data-name="To">
              <Choice
                text={entry.subject}
                onChoose={() => {
                  onFilter({ subject: entry.subject });
                }}
              />
            </td>
            <td data-name="Details">
              <Details details={entry.details} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Choice({ text, onChoose }: { text: string; onChoose: () => void }) {
  return (
    <button type="button" className="link subject" title="Search for it" onClick={onChoose}>
      <bdi>{text}</bdi>
    </button>
  );
}

function Details({ details }: { details: Readonly<Record<string, unknown>> }) {
  return (
    <ul className="details">
      {detailsInWords(details).map(([name, value]) => (
        <li key={name}>
          <span className="quiet">{name}</span> <bdi>{value}</bdi>
        </li>
      ))}
    </ul>
  );
}
