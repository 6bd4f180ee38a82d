import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";
import { useState } from "react";

import { Asked } from "../../admin/Asked.tsx";
import { Confirm } from "../../admin/Confirm.tsx";
import { Refusal } from "../../admin/DialogForm.tsx";
import { StateSign } from "../../admin/StateSign.tsx";
import { may, useMe } from "../../session/me.ts";
import { fullTime } from "../../words.ts";
import { confirmImport, dropImport, importQuery, importSheetUrl } from "./api.ts";
import { jobsQuery } from "../jobs/api.ts";
import { JobProgress } from "../jobs/JobProgress.tsx";
import { TrainingPage } from "../TrainingPage.tsx";
import { WithIcon } from "../WithIcon.tsx";
import type { DatasetImportDetail } from "../../api.gen.ts";
import { IMPORT_STATES, PURPOSES, SOURCES } from "./words.ts";
import { Report } from "./Report.tsx";

const route = getRouteApi("/training/imports/$importId");

/** A data set on its way in: why it was refused, or what the dry run found, and the decision on it. */
export function ImportPage() {
  const { importId } = route.useParams();
  const found = useQuery(importQuery(importId));
  return (
    <TrainingPage
      title={found.data === undefined ? "Import" : `Import of ${found.data.name}`}
      about="The check changes nothing. Read what it found, then keep the data set or drop it."
      back={{ to: "/training/datasets", words: "Data sets" }}
    >
      <Asked query={found} what="the import">
        {(one) => <Import one={one} />}
      </Asked>
    </TrainingPage>
  );
}

function Import({ one }: { one: DatasetImportDetail }) {
  const { kind, word } = IMPORT_STATES[one.state];
  const { icon, word: purpose, meaning } = PURPOSES[one.purpose];
  return (
    <>
      <section className="card training-box" aria-label="State">
        <div className="box-top">
          <div role="status">
            <StateSign kind={kind} words={word} />
          </div>
          <Decision one={one} />
        </div>
        <Work one={one} />
        {one.reason !== null && (
          <p className="fault-box" role="alert">
            <span className="with-icon">
              <CircleAlert aria-hidden="true" /> {one.reason}
            </span>
          </p>
        )}
        {one.dataset_id !== null && (
          <p>
            <Link to="/training/datasets/$datasetId" params={{ datasetId: one.dataset_id }}>Open the data set</Link>
          </p>
        )}
        <dl className="told">
          <div>
            <dt>Purpose</dt>
            <dd title={meaning}>
              <WithIcon icon={icon}>{purpose}</WithIcon>
            </dd>
          </div>
          <div>
            <dt>Site</dt>
            <dd>{one.site ?? "all"}</dd>
          </div>
          <div>
            <dt>From</dt>
            <dd>
              <bdi>{one.file_name ?? SOURCES[one.source]}</bdi>
            </dd>
          </div>
          <div>
            <dt>Begun</dt>
            <dd>
              {fullTime(one.created_at)} by {one.created_by}
            </dd>
          </div>
        </dl>
      </section>
      {one.report !== null && (
        <section className="card training-box" aria-labelledby="dry-run">
          <h2 id="dry-run">What the check found</h2>
          <Report report={one.report} sheet={one.has_sheet ? importSheetUrl(one.id) : null} />
        </section>
      )}
    </>
  );
}

/** How far the worker is that checks or keeps it; what may be waited for, where none is at it. */
function Work({ one: { id, state } }: { one: DatasetImportDetail }) {
  const isAwaited = state === "waiting" || state === "importing";
  const { data } = useQuery({ ...jobsQuery, enabled: isAwaited });
  const job = data?.find(({ subject, ended_at }) => subject === id && ended_at === null);
  if (!isAwaited || job === undefined) {
    return null;
  }
  return job.state === "waiting" ? <p className="quiet">Waits for a worker; one job is done after the other.</p> : <JobProgress job={job} />;
}

/** Keep it or drop it; only where there is still something to decide, and for those who may. */
function Decision({ one: { id, name, state } }: { one: DatasetImportDetail }) {
  const isManager = may(useMe(), "manage-training");
  const [dropping, setDropping] = useState(false);
  const keeping = useMutation({ mutationFn: () => confirmImport(id) });
  if (!isManager || (state !== "checked" && state !== "waiting")) {
    return null;
  }
  return (
    <div>
      <div className="buttons">
        {state === "checked" && (
          <button
            type="button"
            className="primary"
            disabled={keeping.isPending}
            onClick={() => {
              keeping.mutate();
            }}
          >
            {keeping.isPending ? "Importing…" : "Import"}
          </button>
        )}
        <button
          type="button"
          onClick={() => {
            setDropping(true);
          }}
        >
          Drop…
        </button>
      </div>
      <Refusal error={keeping.error} />
      {dropping && (
        <Confirm
          title={`Drop ${name}?`}
          action="Drop"
          doing="Dropping…"
          isDestructive
          act={() => dropImport(id)}
          onClose={() => {
            setDropping(false);
          }}
        >
          <p>What was sent goes, and nothing of it is kept. It can be sent again.</p>
        </Confirm>
      )}
    </div>
  );
}
