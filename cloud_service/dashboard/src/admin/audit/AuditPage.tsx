import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { RefreshCw } from "lucide-react";

import { wordsOf } from "../../api/problem.ts";
import { AdminPage } from "../AdminPage.tsx";
import { entriesQuery } from "./api.ts";
import { AuditFilters } from "./AuditFilters.tsx";
import { EntryTable } from "./EntryTable.tsx";
import { Verification } from "./Verification.tsx";

const route = getRouteApi("/audit");

/** Who did or saw what: searched by the filters in the address, and checked for tampering. */
export function AuditPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const found = useInfiniteQuery(entriesQuery(search));
  const entries = found.data?.pages.flatMap((page) => page.entries);
  return (
    <AdminPage
      title="Audit trail"
      about="Who did or saw what. Each entry holds the hash of the one before it, so that a changed one shows."
      actions={
        <button type="button" disabled={found.isFetching} onClick={() => void found.refetch()}>
          <RefreshCw aria-hidden="true" /> {found.isFetching ? "Looking…" : "Look again"}
        </button>
      }
    >
      <Verification />
      <AuditFilters
        search={search}
        onChange={(next) => {
          void navigate({ search: next, replace: true });
        }}
      />
      {found.isError && (
        <p role="alert" className="fault-box">
          {wordsOf(found.error)}
        </p>
      )}
      {entries === undefined && !found.isError && (
        <p role="status" className="quiet">
          Loading entries…
        </p>
      )}
      {entries?.length === 0 && (
        <div className="nothing">
          <h2>No entry</h2>
          <p className="quiet">Nothing of this kind was done or seen. Names and subjects are to be given whole.</p>
        </div>
      )}
      {entries !== undefined && entries.length > 0 && (
        <EntryTable
          entries={entries}
          onFilter={(change) => {
            void navigate({ search: { ...search, ...change } });
          }}
        />
      )}
      {found.hasNextPage && (
        <button type="button" className="older" disabled={found.isFetching} onClick={() => void found.fetchNextPage()}>
          {found.isFetchingNextPage ? "Loading…" : "Show older entries"}
        </button>
      )}
    </AdminPage>
  );
}
