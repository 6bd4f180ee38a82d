import { useQuery } from "@tanstack/react-query";

import type { CaseDetail } from "../api.gen.ts";
import { caseCandidatesQuery } from "../training/datasets/api.ts";

/** What became of an image as a label for training, once its case is signed; a line of the particulars. */
export function LabelFate({ detail, image }: { detail: CaseDetail; image: string }) {
  const isSigned = detail.reports.length > 0;
  const { data } = useQuery({ ...caseCandidatesQuery(detail.id, detail.version), enabled: isSigned });
  const fate = data?.find(({ capture_id }) => capture_id === image);
  if (fate === undefined) {
    return null;
  }
  return (
    <div>
      <dt>For training</dt>
      <dd>{fate.words}</dd>
    </div>
  );
}
