import { memo } from "react";

import { thumbnailUrl } from "../api/client.ts";
import type { CaptureSummary, Verdict } from "../api.gen.ts";
import type { Row } from "./captures.ts";
import { type Day, startOf } from "./day.ts";
import { useMe } from "../session/me.ts";
import { Whereabouts } from "./CustodyTrail.tsx";
import { Finding } from "./Finding.tsx";
import { RetryButton } from "./RetryButton.tsx";
import { fullTime, QUALITY_WORDS, shortCase, shortTime, STATE_WORDS } from "../words.ts";

interface Props {
  rows: readonly Row[];
  today: Day;
  loaded: boolean;
  /** What is said where there are none. */
  empty: { title: string; words: string };
  selected: string | null;
  onSelect: (id: string) => void;
}

/** Captures, newest first. */
export function CaptureTable({ rows, today, loaded, empty, selected, onSelect }: Props) {
  const { site } = useMe();
  if (rows.length === 0) {
    return <Nothing loaded={loaded} {...empty} />;
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
          <th scope="col" className="from">
            {site === null ? "Site / device" : "Device"}
          </th>
          <th scope="col" className="quality">
            Quality
          </th>
          <th scope="col">Where it is</th>
          <th scope="col">Preliminary finding</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ capture }) => (
          <CaptureRow
            key={capture.id}
            capture={capture}
            today={today}
            selected={capture.id === selected}
            onSelect={onSelect}
          />
        ))}
      </tbody>
    </table>
  );
}

function Nothing({ loaded, title, words }: { loaded: boolean; title: string; words: string }) {
  if (!loaded) {
    return <p className="nothing quiet">Loading captures…</p>;
  }
  return (
    <div className="nothing">
      <h2>{title}</h2>
      <p className="quiet">{words}</p>
    </div>
  );
}

interface RowProps {
  capture: CaptureSummary;
  today: Day;
  selected: boolean;
  onSelect: (id: string) => void;
}

const CaptureRow = memo(function CaptureRow({ capture, today, selected, onSelect }: RowProps) {
  const { site } = useMe();
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
          {shortTime(capture.captured_at, startOf(today))}
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
      <td className="from">
        {site === null && `${capture.site} / `}
        {capture.device}
      </td>
      <td className="quality">
        <Quality capture={capture} />
      </td>
      <td className="where">
        <State capture={capture} />
        <Whereabouts capture={capture} today={today} />
      </td>
      <td className={capture.prediction === null && capture.reason === null ? "answer none" : "answer"}>
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
  return <QualityBadge verdict={capture.quality_verdict} reasons={capture.quality_reasons} />;
}

/** An image's quality, or the worst of a case's images. */
export function QualityBadge({ verdict, reasons = [] }: { verdict: Verdict; reasons?: readonly string[] }) {
  const { sign, word } = QUALITY_WORDS[verdict];
  return (
    <span className={`badge quality ${verdict}`} title={reasons.join("\n")}>
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
