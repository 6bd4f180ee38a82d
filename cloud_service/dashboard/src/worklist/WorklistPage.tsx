import { getRouteApi, Link } from "@tanstack/react-router";
import { ListPlus, Telescope } from "lucide-react";
import { Fragment, useCallback, useRef } from "react";

import type { CaseCounts } from "../api.gen.ts";
import { useShortcut } from "../shortcuts/useShortcut.ts";
import { Fault } from "../shell/Fault.tsx";
import { CaseTable } from "./CaseTable.tsx";
import { useFailedImages } from "./FailedImages.tsx";
import { Filters } from "./Filters.tsx";
import { QueueTabs } from "./QueueTabs.tsx";
import { type Tab, tidy, USUAL, type WorklistSearch } from "./search.ts";
import { useRowKeys } from "./useRowKeys.ts";
import { useTakingIn } from "./useTakingIn.ts";
import { useCaseCounts, useWorklist, type Worklist } from "./useWorklist.ts";
import { countOf, TAB_WORDS } from "./words.ts";
import "./worklist.css";

const route = getRouteApi("/worklist");
const WAITING: readonly Tab[] = ["critical", "review", "routine", "cannot_say", "failed"];

/** The cases that wait for a person, and all the others. */
export function WorklistPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useRef<HTMLElement>(null);
  const counts = useCaseCounts(search);
  const worklist = useWorklist(search);
  const failed = useFailedImages(worklist.rows, search);
  useTakingIn(list, worklist);
  useRowKeys(list);

  const change = useCallback(
    (changes: Parameters<typeof tidy>[0]) => {
      void navigate({ search: (before) => tidy({ ...before, ...changes }), replace: true });
    },
    [navigate],
  );

  return (
    <div className="worklist">
      <h1 className="visually-hidden">Worklist</h1>
      <QueueTabs search={search} counts={counts} />
      <Filters search={search} onChange={change} />
      <section ref={list} className="worklist-rows" aria-label="Cases" aria-busy={worklist.isLoading}>
        <News worklist={worklist} />
        {worklist.rows.length > 0 ? (
          <CaseTable rows={worklist.rows} failed={failed} />
        ) : (
          <Nothing worklist={worklist} search={search} counts={counts} />
        )}
        {worklist.hasMore && (
          <button type="button" className="more" disabled={worklist.isLoadingMore} onClick={worklist.loadMore}>
            {worklist.isLoadingMore ? "Loading…" : "Show more cases"}
          </button>
        )}
      </section>
    </div>
  );
}

/** Says what has come that is not shown yet, and takes it in; the rows stay where they are until then. */
function News({ worklist: { fresh, moved, takeIn } }: { worklist: Worklist }) {
  const isThere = fresh + moved > 0;
  useShortcut({ id: "worklist.take-in", words: "Take new cases in", group: "Worklist", key: "n" }, takeIn, { enabled: isThere });
  return (
    <div role="status" className="news">
      {isThere && (
        <button type="button" onClick={takeIn}>
          <ListPlus aria-hidden="true" />
          {fresh > 0 ? `${String(fresh)} new` : `${String(moved)} moved`}
          <span className="quiet">show</span>
        </button>
      )}
    </div>
  );
}

interface NothingProps {
  readonly worklist: Worklist;
  readonly search: WorklistSearch;
  readonly counts: CaseCounts | undefined;
}

function Nothing({ worklist: { isLoading, fault }, search, counts }: NothingProps) {
  if (fault !== null) {
    return <Fault title="The worklist cannot be shown yet" words={`${fault.message} The page tries again by itself.`} />;
  }
  if (isLoading) {
    return <p className="nothing quiet">Loading cases…</p>;
  }
  const { queue = USUAL.queue, holder = USUAL.holder, ...others } = search;
  const isNarrowed = Object.keys(tidy(others)).length > 0;
  return (
    <div className="nothing">
      <Telescope aria-hidden="true" className="nothing-icon" />
      <h2>Nothing here</h2>
      <p className="quiet">
        {isNarrowed ? "No case fits the filters." : TAB_WORDS[queue].empty}
        {!isNarrowed && holder !== "all" && " Cases that others hold are left out."}
      </p>
      {counts !== undefined && <Elsewhere search={search} counts={counts} />}
    </div>
  );
}

/** Where else cases wait for a person, so that an empty part is not taken for an empty worklist. */
function Elsewhere({ search, counts }: { search: WorklistSearch; counts: CaseCounts }) {
  const others = WAITING.filter((tab) => tab !== (search.queue ?? USUAL.queue) && countOf(counts, tab) > 0);
  if (others.length === 0) {
    return null;
  }
  return (
    <p>
      {others.map((tab, place) => (
        <Fragment key={tab}>
          {place > 0 && " · "}
          <Link to="/worklist" search={tidy({ ...search, queue: tab })}>
            {TAB_WORDS[tab].word}: {countOf(counts, tab).toLocaleString("en")}
          </Link>
        </Fragment>
      ))}
    </p>
  );
}
