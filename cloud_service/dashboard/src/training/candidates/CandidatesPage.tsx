import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";

import { Asked } from "../../admin/Asked.tsx";
import { StateSign } from "../../admin/StateSign.tsx";
import { fullTime, shortCase } from "../../words.ts";
import { candidatesQuery } from "../datasets/api.ts";
import { labelInWords } from "../datasets/report.ts";
import { TrainingPage } from "../TrainingPage.tsx";
import type { CandidateFate, LabelCandidateView } from "../../api.gen.ts";
import { FATES } from "../datasets/words.ts";

const route = getRouteApi("/training/candidates");

/** What signed reports say of images, and what became of each as a label. */
export function CandidatesPage() {
  const { fate } = route.useSearch();
  const navigate = route.useNavigate();
  const found = useInfiniteQuery(candidatesQuery(fate));
  return (
    <TrainingPage
      title="Signed cases"
      about="Each image of a signed case is a candidate for training: it waits for the next data set, was used in one, or is not used for the reason given."
    >
      <div className="day-choice" role="group" aria-label="Which are shown">
        {([undefined, "waiting", "used", "excluded"] as const).map((one) => (
          <button
            key={one ?? "all"}
            type="button"
            aria-pressed={fate === one}
            onClick={() => {
              void navigate({ search: one === undefined ? {} : { fate: one }, replace: true });
            }}
          >
            {one === undefined ? "All" : FATES[one].word}
          </button>
        ))}
      </div>
      <Asked query={found} what="images">
        {({ pages }) => {
          const candidates = pages.flatMap((page) => page.candidates);
          return candidates.length === 0 ? <Nothing fate={fate} /> : <CandidateTable candidates={candidates} />;
        }}
      </Asked>
      {found.hasNextPage && (
        <button type="button" className="older" disabled={found.isFetching} onClick={() => void found.fetchNextPage()}>
          {found.isFetchingNextPage ? "Loading…" : "Show older ones"}
        </button>
      )}
    </TrainingPage>
  );
}

function Nothing({ fate }: { fate: CandidateFate | undefined }) {
  return (
    <div className="nothing">
      <h2>No image</h2>
      <p className="quiet">
        {fate === undefined
          ? "Nothing has been signed yet. Images stand here once the report of their case is signed."
          : "None of the signed images is of this kind."}
      </p>
    </div>
  );
}

function CandidateTable({ candidates }: { candidates: readonly LabelCandidateView[] }) {
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Images of signed cases, the newest signature first</caption>
      <thead>
        <tr>
          <th scope="col">Image</th>
          <th scope="col">Label</th>
          <th scope="col">What became of it</th>
          <th scope="col">Case</th>
          <th scope="col">Site</th>
          <th scope="col">Signed</th>
        </tr>
      </thead>
      <tbody>
        {candidates.map(({ capture_id, case_id, is_all, fate, words, site, signed_at }) => (
          <tr key={capture_id} data-capture={capture_id}>
            <th scope="row">
              <code title={capture_id}>{capture_id.slice(-8)}</code>
            </th>
            <td data-name="Label">{is_all === null ? <span className="quiet">none</span> : labelInWords(is_all)}</td>
            <td data-name="Fate">
              <div className="signs">
                <StateSign kind={FATES[fate].kind} words={FATES[fate].word} />
                <span className="quiet">{words}</span>
              </div>
            </td>
            <td data-name="Case">
              <Link to="/cases/$caseId" params={{ caseId: case_id }}>
                {shortCase(case_id)}
              </Link>
            </td>
            <td data-name="Site">{site}</td>
            <td data-name="Signed">
              <time dateTime={signed_at}>{fullTime(signed_at)}</time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
