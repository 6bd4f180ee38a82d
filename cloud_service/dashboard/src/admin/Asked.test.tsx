import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import { Problem } from "../api/problem.ts";
import { Asked } from "./Asked.tsx";

const KEY = ["figures"];
const look = vi.fn<() => Promise<string>>();

function Page() {
  const query = useQuery({ queryKey: KEY, queryFn: look });
  return (
    <Asked query={query} what="figures">
      {(found) => <p>{found}</p>}
    </Asked>
  );
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.useRealTimers();
});

async function wait(): Promise<void> {
  await act(() => vi.advanceTimersByTimeAsync(100));
}

test("what is shown says why it is not newer, as long as that is tried again", async () => {
  look.mockResolvedValueOnce("17 figures").mockRejectedValueOnce(new Problem(503, "The database is away.")).mockResolvedValueOnce("18 figures");
  render(
    <QueryClientProvider client={queryClient}>
      <Page />
    </QueryClientProvider>,
  );
  await wait();
  expect(screen.queryByRole("status")).toBeNull();

  void queryClient.invalidateQueries({ queryKey: KEY });
  await wait();
  expect(screen.getByRole("status").textContent).toBe("The database is away. Trying again…");
  expect(screen.getByText("17 figures")).toBeDefined();

  await act(() => vi.advanceTimersByTimeAsync(1000));
  expect(screen.queryByRole("status")).toBeNull();
  expect(screen.getByText("18 figures")).toBeDefined();
});
