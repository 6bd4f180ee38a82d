import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { Store, useStore } from "../store.ts";
import { queryClient } from "./queries.ts";

const KEY = ["what the server has"];

afterEach(() => {
  queryClient.clear();
});

/** Hands on what the server has. */
function Page({ draft, shown }: { draft: Store<string | null>; shown: string[] }) {
  const { data } = useQuery<string>({ queryKey: KEY, queryFn: () => "asked", enabled: false });
  return <Words draft={draft} kept={data} shown={shown} />;
}

/** Shows the draft, below it what the server has; notes what was shown. */
function Words({ draft, kept, shown }: { draft: Store<string | null>; kept: string | undefined; shown: string[] }) {
  const words = useStore(draft) ?? kept ?? "neither";
  shown.push(words);
  return words;
}

test("a draft that is let go of once its answer is kept leaves no moment without words", async () => {
  const draft = new Store<string | null>("suspicious");
  const shown: string[] = [];
  render(
    <QueryClientProvider client={queryClient}>
      <Page draft={draft} shown={shown} />
    </QueryClientProvider>,
  );
  const first = shown.length;

  // As the saver does: the answer is kept within an awaited call, and the draft let go of behind it. Not within `act`,
  // which would draw once at the end.
  await Promise.resolve(queryClient.setQueryData(KEY, "suspicious"));
  draft.set(null);
  await vi.waitFor(() => {
    expect(shown.length).toBeGreaterThan(first);
  });

  expect(new Set(shown)).toEqual(new Set(["suspicious"]));
});
