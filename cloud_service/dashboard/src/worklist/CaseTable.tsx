import { Link } from "@tanstack/react-router";
import { memo } from "react";

import { thumbnailUrl } from "../api/client.ts";
import type { CaptureSummary, CaseSummary } from "../api.gen.ts";
import { QualityBadge } from "../captures/CaptureTable.tsx";
import { Age } from "../cases/Age.tsx";
import { CaseFinding } from "../cases/CaseFinding.tsx";
import { CaseStanding } from "../cases/CaseStanding.tsx";
import { useMe } from "../session/me.ts";
import { shortCase } from "../words.ts";
import { FailedImages } from "./FailedImages.tsx";

interface Props {
  rows: readonly CaseSummary[];
  /** The failed captures by their case's id, where these are looked at. */
  failed: ReadonlyMap<string, readonly CaptureSummary[]> | null;
}

const NONE: readonly CaptureSummary[] = [];

/** Cases, in the order in which they are to be read. */
export function CaseTable({ rows, failed }: Props) {
  return (
    <table className="cases">
      <caption className="visually-hidden">Cases, in the order in which they are to be read</caption>
      <thead>
        <tr>
          <th scope="col">Images</th>
          <th scope="col">Accession</th>
          <th scope="col">Preliminary finding</th>
          <th scope="col">Quality</th>
          <th scope="col">Site / device</th>
          <th scope="col">Age</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <CaseRow key={row.id} row={row} failed={failed === null ? null : (failed.get(row.id) ?? NONE)} />
        ))}
      </tbody>
    </table>
  );
}

const CaseRow = memo(function CaseRow({ row, failed }: { row: CaseSummary; failed: readonly CaptureSummary[] | null }) {
  const { user } = useMe();
  return (
    <>
      <tr data-case={row.id}>
        <td className="thumbnails">
          <Thumbnails ids={row.thumbnails} />
        </td>
        <th scope="row">
          <Link
            to="/cases/$caseId"
            params={{ caseId: row.id }}
            className="case-link"
            title={`${row.pseudonym}\n${row.smear ?? ""}`}
            data-case-link
          >
            <code>{shortCase(row.pseudonym)}</code>
          </Link>
          <span className="smear">
            <bdi>{row.smear ?? "unnamed smear"}</bdi>
          </span>
          <span className="count">
            {row.images.toLocaleString("en")} {row.images === 1 ? "image" : "images"}
          </span>
        </th>
        <td className="finding-cell">
          <CaseFinding finding={row} />
        </td>
        <td className="quality-cell">{row.quality !== null && <QualityBadge verdict={row.quality} />}</td>
        <td className="where">
          <span className="site">{row.site}</span> <span className="device-of">{row.device}</span>
        </td>
        <td className="age">
          <Age since={row.opened_at} />
        </td>
        <td className="standing">
          <CaseStanding of={row} me={user} />
        </td>
      </tr>
      {failed !== null && failed.length > 0 && (
        <tr className="failed-images">
          <td colSpan={7}>
            <FailedImages captures={failed} />
          </td>
        </tr>
      )}
    </>
  );
});

function Thumbnails({ ids }: { ids: readonly string[] }) {
  return (
    <span className="thumbnail-strip">
      {ids.map((id) => (
        <img key={id} src={thumbnailUrl(id)} alt="" loading="lazy" decoding="async" width="48" height="48" />
      ))}
    </span>
  );
}
