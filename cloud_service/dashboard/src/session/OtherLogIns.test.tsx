import { cleanup, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { OtherLogIns } from "./OtherLogIns.tsx";

const PROVIDER = { name: "St. Anna's", address: "/api/v1/session/openid" };

function answers(...responses: Response[]) {
  const fetched = vi.fn<() => Promise<Response>>(() => Promise.resolve(responses.shift() ?? Response.error()));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("the provider that the server names is offered in this tab", async () => {
  answers(Response.json({ providers: [PROVIDER] }));
  render(<OtherLogIns />);

  const link = await screen.findByRole("link", { name: "Log in with St. Anna's" });
  expect(link.getAttribute("href")).toBe(PROVIDER.address);
  expect(link.getAttribute("target")).toBeNull();
});

test("nothing is offered where there is no provider, or the server is away", async () => {
  for (const response of [Response.json({ providers: [] }), Response.error()]) {
    const fetched = answers(response);
    render(<OtherLogIns />);
    await waitFor(() => {
      expect(fetched).toHaveBeenCalledOnce();
    });
    expect(screen.queryByRole("link")).toBeNull();
    cleanup();
  }
});

test("over work it is another tab", async () => {
  answers(Response.json({ providers: [PROVIDER] }));
  render(<OtherLogIns inAnotherTab />);

  expect((await screen.findByRole("link")).getAttribute("target")).toBe("_blank");
});
