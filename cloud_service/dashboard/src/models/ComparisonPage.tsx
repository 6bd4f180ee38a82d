import "./models.css";

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft, TriangleAlert } from "lucide-react";

import { AdminPage } from "../admin/AdminPage.tsx";
import { Asked } from "../admin/Asked.tsx";
import type { AssessmentDetail, AssessmentSummary } from "../api.gen.ts";
import { fullTime } from "../words.ts";
import { assessmentQuery, assessmentsQuery, decide, proposalsQuery } from "./api.ts";
import { Checks } from "./Checks.tsx";
import { EngineFigures } from "./EngineFigures.tsx";
import { Impact } from "./Impact.tsx";
import { NotAssessed } from "./NotAssessed.tsx";
import { ProposalList } from "./ProposalList.tsx";
import { ProposeButton } from "./ProposeButton.tsx";
import { TestSetFigures } from "./TestSetFigures.tsx";
import { inScope } from "./words.ts";

const route = getRouteApi("/models/$digest/comparison");

/** A model beside the one in service, as an assessment found them: the one that the address names, or the newest. */
export function ComparisonPage() {
  const { digest } = route.useParams();
  const { assessment: wanted } = route.useSearch();
  const all = useQuery(assessmentsQuery(digest));
  const id = wanted ?? all.data?.[0]?.id;
  return (
    <>
      <nav className="way-back" aria-label="Way back">
        <Link to="/models/$digest" params={{ digest }}>
          <ArrowLeft aria-hidden="true" /> The model
        </Link>
      </nav>
      {id === undefined ? (
        <AdminPage title="Comparison" about="How a model does beside the one in service, on images that neither was tuned on.">
          <Asked query={all} what="comparisons">
            {() => <NotAssessed digest={digest} />}
          </Asked>
        </AdminPage>
      ) : (
        <Assessed key={id} id={id} all={all.data ?? []} />
      )}
    </>
  );
}

function Assessed({ id, all }: { id: string; all: readonly AssessmentSummary[] }) {
  const found = useQuery(assessmentQuery(id));
  return found.data === undefined ? (
    <div className="admin-page">
      <Asked query={found} what="the comparison">
        {() => null}
      </Asked>
    </div>
  ) : (
    <Found assessment={found.data} all={all} />
  );
}

function Found({ assessment, all }: { assessment: AssessmentDetail; all: readonly AssessmentSummary[] }) {
  const { figures, champion_name, champion_version } = assessment;
  const challenger = `${assessment.model_name} ${assessment.model_version}`;
  const champion = champion_name === null ? null : `${champion_name} ${champion_version ?? ""}`;
  const names = { challenger, champion };
  return (
    <AdminPage
      title={champion === null ? challenger : `${challenger} beside ${champion}`}
      about={`Assessed ${fullTime(assessment.created_at)}, to answer ${inScope(assessment.scope)}. Both answered the same images at the thresholds of their own cards.`}
      actions={<ProposeButton assessment={assessment} />}
    >
      {assessment.overtaken !== null && (
        <p className="against-the-gate" role="note">
          <TriangleAlert aria-hidden="true" />
          <span>
            <strong>Overtaken.</strong> {assessment.overtaken}
          </span>
        </p>
      )}
      <Others all={all} shown={assessment.id} />
      <Proposed id={assessment.id} />
      <Checks checks={assessment.checks} />
      {figures.test_sets.map((set) => (
        <TestSetFigures key={set.dataset_id} found={set} {...names} />
      ))}
      <Impact cases={assessment.impact} summary={figures.signed_cases} {...names} />
      <EngineFigures figures={figures} {...names} />
    </AdminPage>
  );
}

/** What was proposed on the ground of an assessment. */
function Proposed({ id }: { id: string }) {
  const proposals = useQuery(proposalsQuery);
  return (
    <Asked query={proposals} what="proposals">
      {(all) => {
        const own = all.filter(({ assessment_id }) => assessment_id === id);
        return own.length === 0 ? null : (
          <section className="part" aria-label="Proposals">
            <ProposalList proposals={own} decide={decide} />
          </section>
        );
      }}
    </Asked>
  );
}

/** The way to a model's other assessments. */
function Others({ all, shown }: { all: readonly AssessmentSummary[]; shown: string }) {
  const others = all.filter(({ id }) => id !== shown);
  return others.length === 0 ? null : (
    <details className="others">
      <summary>Other assessments of it ({others.length})</summary>
      <ul>
        {others.map(({ id, model_digest, created_at, scope, passed }) => (
          <li key={id}>
            <Link to="/models/$digest/comparison" params={{ digest: model_digest }} search={{ assessment: id }}>
              {fullTime(created_at)}
            </Link>
            , to answer {inScope(scope)}: {passed ? "passed" : "not passed"}
          </li>
        ))}
      </ul>
    </details>
  );
}
