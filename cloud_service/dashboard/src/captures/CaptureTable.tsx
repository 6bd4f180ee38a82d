import { memo } from "react";

import { thumbnailUrl } from "../api/client.ts";
import type { CaptureSummary } from "../api.gen.ts";
import type { Row } from "./captures.ts";
import { Finding } from "./Finding.tsx";
import { RetryButton } from "./RetryButton.tsx";
import { fullTime, QUALITY_WORDS, shortCase, shortTime, STATE_WORDS } from "../words.ts";

interface Props {
  rows: readonly Row[];
  loaded: boolean;
  filtered: boolean;
  selected: string | null;
  onSelect: (id: string) => void;
}

/** Captures, newest first. */
export function CaptureTable({ rows, loaded, filtered, selected, onSelect }: Props) {
  if (rows.length === 0) {
    return <Nothing loaded={loaded} filtered={filtered} />;
  }
  return (
    <table>
      <caption className="visually-hidden">Captures, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Image</th>
          <th scope="col">Captured</th>
          <th scope="col">Smear</th>
          <th scope="col" className="case">
            Case
          </th>
          <th scope="col">Site / device</th>
          <th scope="col" className="quality">
            Quality
          </th>
          <th scope="col">State</th>
          <th scope="col">Preliminary finding</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ capture }) => (
          <CaptureRow
            key={capture.id}
            capture={capture}
            selected={capture.id === selected}
            onSelect={onSelect}
          />
        ))}
      </tbody>
    </table>
  );
}

function Nothing({ loaded, filtered }: { loaded: boolean; filtered: boolean }) {
  if (!loaded) {
    return <p className="nothing quiet">Loading captures…</p>;
  }
  return (
    <div className="nothing">
      <h2>{filtered ? "None here" : "No captures yet"}</h2>
      <p className="quiet">
        {filtered
          ? "No capture is in this state. Press the counter again to see all of them."
          : "They appear here by themselves as soon as a microscope workstation sends them."}
      </p>
    </div>
  );
}

interface RowProps {
  capture: CaptureSummary;
  selected: boolean;
  onSelect: (id: string) => void;
}

const CaptureRow = memo(function CaptureRow({ capture, selected, onSelect }: RowProps) {
  const select = () => {
    onSelect(capture.id);
  };
  return (
    <tr data-capture={capture.id} className={`${capture.state} ${selected ? "selected" : ""}`} onClick={select}>
      <td className="thumbnail">
        <Thumbnail capture={capture} />
      </td>
      <td>
        <time dateTime={capture.captured_at} title={fullTime(capture.captured_at)}>
          {shortTime(capture.captured_at)}
        </time>
      </td>
      <th scope="row">
        <button
          type="button"
          className="open"
          aria-pressed={selected}
          onClick={(event) => {
            event.stopPropagation();
            select();
          }}
        >
          <bdi title={capture.smear ?? ""}>{capture.smear ?? "unnamed smear"}</bdi>
        </button>
        {capture.stain !== null && (
          <span className="quiet">
            <bdi>{capture.stain}</bdi>
          </span>
        )}
      </th>
      <td className="case">
        <code title={capture.case}>{shortCase(capture.case)}</code>
      </td>
      <td>
        {capture.site} / {capture.device}
      </td>
      <td className="quality">
        <Quality capture={capture} />
      </td>
      <td>
        <State capture={capture} />
      </td>
      <td className="answer">
        <Finding capture={capture} />
        {capture.state === "failed" && <RetryButton id={capture.id} />}
      </td>
    </tr>
  );
});

function Thumbnail({ capture }: { capture: CaptureSummary }) {
  if (!hasImage(capture)) {
    return <span className="no-image" aria-hidden="true" />;
  }
  return <img src={thumbnailUrl(capture.id)} alt="" loading="lazy" decoding="async" width="64" height="48" />;
}

/** Whether the cloud holds the capture's bytes. */
export function hasImage({ state }: { state: CaptureSummary["state"] }): boolean {
  return state !== "announced" && state !== "refused";
}

export function Quality({ capture }: { capture: CaptureSummary }) {
  const { sign, word } = QUALITY_WORDS[capture.quality_verdict];
  return (
    <span className={`badge ${capture.quality_verdict}`} title={capture.quality_reasons.join("\n")}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}

export function State({ capture }: { capture: CaptureSummary }) {
  const { sign, word, meaning } = STATE_WORDS[capture.state];
  return (
    <span className={`badge ${capture.state}`} title={meaning}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}
