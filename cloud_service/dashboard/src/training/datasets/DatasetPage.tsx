import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { Asked } from "../../admin/Asked.tsx";
import { StateSign } from "../../admin/StateSign.tsx";
import { fullTime } from "../../words.ts";
import { datasetQuery, datasetSheetUrl } from "./api.ts";
import { TrainingPage } from "../TrainingPage.tsx";
import { WithIcon } from "../WithIcon.tsx";
import type { DatasetDetail } from "../../api.gen.ts";
import { PURPOSES, versionInWords } from "./words.ts";
import { Report } from "./Report.tsx";

const route = getRouteApi("/training/datasets/$datasetId");

/** One version of a data set, with the report that it was kept on. */
export function DatasetPage() {
  const { datasetId } = route.useParams();
  const found = useQuery(datasetQuery(datasetId));
  return (
    <TrainingPage
      title={found.data === undefined ? "Data set" : versionInWords(found.data)}
      about="It never changes. What the check found before it was kept stands below."
      back={{ to: "/training/datasets", words: "Data sets" }}
    >
      <Asked query={found} what="the data set">
        {(one) => (
          <>
            <Particulars one={one} />
            <section className="card training-box" aria-labelledby="dry-run">
              <h2 id="dry-run">What the check found</h2>
              <Report report={one.report} sheet={one.has_sheet ? datasetSheetUrl(one.id) : null} />
            </section>
          </>
        )}
      </Asked>
    </TrainingPage>
  );
}

function Particulars({ one }: { one: DatasetDetail }) {
  const { icon, word, meaning } = PURPOSES[one.purpose];
  return (
    <section className="card training-box" aria-label="Particulars">
      {one.removed_at !== null && (
        <StateSign kind="off" words={`Removed by ${one.removed_by ?? "nobody known"}, ${fullTime(one.removed_at)}`} />
      )}
      <p>
        <WithIcon icon={icon}>
          <strong>{word}</strong>
        </WithIcon>{" "}
        <span className="quiet">{meaning}</span>
      </p>
      <dl className="told">
        <div>
          <dt>Site</dt>
          <dd>{one.site ?? "all"}</dd>
        </div>
        <div>
          <dt>Kept</dt>
          <dd>
            {fullTime(one.created_at)} by {one.created_by}
          </dd>
        </div>
        <div>
          <dt>Digest</dt>
          <dd>
            <code>{one.digest}</code>
          </dd>
        </div>
      </dl>
    </section>
  );
}
