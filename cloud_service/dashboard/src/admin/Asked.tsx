import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";

import { wordsOf } from "../api/problem.ts";

interface Props<Data> {
  query: UseQueryResult<Data>;
  /** What is asked for, as in "Loading users…". */
  what: string;
  children: (data: Data) => ReactNode;
}

/** What a query answered, with why it is not newer; until then that it is on its way, and in place of it why there is none. */
export function Asked<Data>({ query, what, children }: Props<Data>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && <Fault error={query.error} onRetry={() => void query.refetch()} />}
        {!query.isError && query.failureReason !== null && <Waiting words={failing(query.failureReason)} />}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) {
    return <Fault error={query.error} onRetry={() => void query.refetch()} />;
  }
  return <Waiting words={query.failureReason === null ? `Loading ${what}…` : failing(query.failureReason)} />;
}

function Waiting({ words }: { words: string }) {
  return (
    <p role="status" className="quiet loading">
      {words}
    </p>
  );
}

function failing(reason: unknown): string {
  return `${wordsOf(reason)} Trying again…`;
}

function Fault({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const id = useId();
  return (
    <div role="alert" className="fault-box">
      <p id={id}>{wordsOf(error)}</p>
      <button type="button" aria-describedby={id} onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
