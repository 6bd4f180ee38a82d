import { Link } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";

import { plural } from "../../admin/figures.ts";
import type { DatasetReport } from "../../api.gen.ts";
import { Examples } from "./Examples.tsx";
import { labelInWords } from "./report.ts";

/** Images that another data set holds too, where one of the two is a locked test set: a leak. */
export function Shared({ report: { shared, shared_count } }: { report: DatasetReport }) {
  if (shared_count === 0) {
    return null;
  }
  return (
    <section className="part">
      <h3 className="with-icon contradiction">
        <CircleAlert aria-hidden="true" /> {plural(shared_count, "image")} {shared_count === 1 ? "leaks" : "leak"} between training and a locked test
        set
      </h3>
      <Examples count={shared_count} items={shared}>
        {({ path, dataset, is_locked, other_path, is_same_file }) => (
          <li key={`${path} ${dataset} ${other_path}`}>
            <code>{path}</code> {is_same_file ? "is the same file as" : "looks the same as"} <code>{other_path}</code> of {dataset}
            {is_locked ? ", a locked test set" : ", which is for training"}
          </li>
        )}
      </Examples>
    </section>
  );
}

/** Images that a signed report calls otherwise. */
export function Clashes({ report: { clashes, clash_count } }: { report: DatasetReport }) {
  if (clash_count === 0) {
    return null;
  }
  return (
    <section className="part">
      <h3 className="with-icon contradiction">
        <CircleAlert aria-hidden="true" /> {plural(clash_count, "label")} {clash_count === 1 ? "contradicts" : "contradict"} a signed report
      </h3>
      <Examples count={clash_count} items={clashes}>
        {({ path, is_all, signed_is_all, case_id, capture_id }) => (
          <li key={`${path} ${capture_id}`}>
            <code>{path}</code> is labelled {labelInWords(is_all)} here, and was signed as {labelInWords(signed_is_all)}:{" "}
            <Link to="/cases/$caseId" params={{ caseId: case_id }}>
              the case
            </Link>
          </li>
        )}
      </Examples>
    </section>
  );
}
