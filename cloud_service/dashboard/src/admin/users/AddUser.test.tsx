import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../../api/queries.ts";
import { AddUser } from "./AddUser.tsx";
import { usersQuery } from "./api.ts";

function Page() {
  useQuery(usersQuery);
  return <AddUser sites={[]} onClose={vi.fn()} />;
}

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

test("the password that was made is shown, although the list of users does not come", async () => {
  vi.stubGlobal("fetch", (request: Request) =>
    request.method === "POST"
      ? Promise.resolve(Response.json({ user: { name: "h.meier" }, password: "four rare words" }))
      : new Promise(() => undefined),
  );
  render(
    <QueryClientProvider client={queryClient}>
      <Page />
    </QueryClientProvider>,
  );
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "h.meier" } });
  fireEvent.click(screen.getByRole("button", { name: "Add user" }));

  expect(await screen.findByText("four rare words")).toBeDefined();
});
