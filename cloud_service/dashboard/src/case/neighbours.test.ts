import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { afterEach, expect, test } from "vitest";

import { keys, queryClient } from "../api/queries.ts";
import { aCase, aCasePage } from "../worklist/testCases.ts";
import { useNeighbours } from "./neighbours.ts";

afterEach(() => {
  cleanup();
  queryClient.clear();
});

function wrapper({ children }: { children: ReactNode }) {
  return createElement(QueryClientProvider, { client: queryClient }, children);
}

test("more cases wait behind those that the worklist was left with, until its last page is shown", () => {
  const [first, second] = [aCasePage([aCase(1)], 1, "further"), aCasePage([aCase(2)], 1)];
  queryClient.setQueryData([...keys.cases, {}], { pages: [first], pageParams: [null] });
  const neighbours = () => renderHook(() => useNeighbours(aCase(1).id), { wrapper }).result.current;
  expect(neighbours()).toMatchObject({ next: null, place: 1, total: 1, more: true });

  queryClient.setQueryData([...keys.cases, {}], { pages: [first, second], pageParams: [null, "further"] });
  expect(neighbours()).toMatchObject({ next: aCase(2).id, total: 2, more: false });
});
