import { useQuery } from "@tanstack/react-query";
import { Braces, ClipboardCheck, ClipboardPen, FileText } from "lucide-react";

import { answer, api } from "../api/client.ts";
import { wordsOf } from "../api/problem.ts";
import type { CaseDetail, ReportSummary } from "../api.gen.ts";
import { fullTime } from "../words.ts";
import { VERDICTS } from "./words.ts";

/** The signed reports of a case: the one that stands, and below it those whose place it took. */
export function Reports({ detail }: { detail: CaseDetail }) {
  const [standing, ...former] = [...detail.reports].reverse();
  if (standing === undefined) {
    return null;
  }
  return (
    <section className="panel-section reports" aria-labelledby="report-heading">
      <h2 id="report-heading">{standing.status === "amended" ? "Amended diagnosis" : "Signed diagnosis"}</h2>
      <Report report={standing} />
      {former.length > 0 && (
        <details>
          <summary>
            {former.length === 1 ? "The former report is kept" : `${String(former.length)} former reports are kept`}
          </summary>
          {former.map((report) => (
            <Report key={report.id} report={report} />
          ))}
        </details>
      )}
    </section>
  );
}

function Report({ report }: { report: ReportSummary }) {
  const { data, error } = useQuery({
    queryKey: ["report", report.id],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/v1/reports/{report_id}", { params: { path: { report_id: report.id } }, signal })),
  });
  const Sign = data === undefined ? null : VERDICTS[data.content.verdict].icon;
  const url = `/api/v1/reports/${report.id}`;
  return (
    <article className="report" aria-label={`Report ${String(report.number)}`}>
      {error !== null && <p className="fault small-text">{wordsOf(error)}</p>}
      {data !== undefined && Sign !== null && (
        <>
          <p className={`answer-line ${data.content.verdict}`}>
            <Sign aria-hidden="true" /> <strong>{data.content.wording}</strong>
          </p>
          {data.content.conclusion !== null && (
            <p className="report-conclusion" dir="auto">
              {data.content.conclusion}
            </p>
          )}
        </>
      )}
      <p className="small-text">
        {report.status === "amended" ? <ClipboardPen aria-hidden="true" /> : <ClipboardCheck aria-hidden="true" />} Report{" "}
        {report.number}, {report.status === "amended" ? "amended" : "signed"} by <bdi>{report.signed_by}</bdi>,{" "}
        <time dateTime={report.signed_at}>{fullTime(report.signed_at)}</time>
      </p>
      {report.amendment_reason !== null && (
        <p className="small-text" dir="auto">
          Why: {report.amendment_reason}
        </p>
      )}
      <p className="buttons">
        <a className="button" href={`${url}/pdf`} target="_blank" rel="noreferrer">
          <FileText aria-hidden="true" /> PDF
        </a>
        <a className="button" href={url} target="_blank" rel="noreferrer">
          <Braces aria-hidden="true" /> JSON
        </a>
      </p>
      <p className="small-text quiet">
        Research use only. SHA-256 <code title={report.content_sha256}>{report.content_sha256.slice(0, 16)}…</code>
      </p>
    </article>
  );
}
