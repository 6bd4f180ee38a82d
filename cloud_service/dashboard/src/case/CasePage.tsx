import { getRouteApi } from "@tanstack/react-router";

import { wordsOf } from "../api/problem.ts";
import { Fault } from "../shell/Fault.tsx";
import { CaseDesk } from "./CaseDesk.tsx";
import { useNeighbours } from "./neighbours.ts";
import { useCaseDetail } from "./useCase.ts";
import "../cases/cases.css";
import "./case.css";
import "./panels.css";

const route = getRouteApi("/cases/$caseId");

/** One case: its images, the model's answer, what people find, and the signature. */
export function CasePage() {
  const { caseId } = route.useParams();
  const neighbours = useNeighbours(caseId);
  const { data: detail, error } = useCaseDetail(caseId);
  if (error !== null && detail === undefined) {
    return <Fault title="This case cannot be shown" words={wordsOf(error)} />;
  }
  if (detail === undefined) {
    return (
      <p className="case-loading quiet" role="status">
        Loading the case…
      </p>
    );
  }
  return <CaseDesk key={detail.id} detail={detail} neighbours={neighbours} />;
}
