import { cleanup, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { OtherLogIns } from "./OtherLogIns.tsx";

const PROVIDER = { name: "St. Anna's", address: "/api/v1/session/openid" };
const ME = { user: "h.meier", role: "clinician", site: null, permissions: [] };

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

test("over work it is another tab, and who comes back is asked for", async () => {
  const loggedOut = Response.json({ detail: "Log in." }, { status: 401 });
  const fetched = answers(Response.json({ providers: [PROVIDER] }), loggedOut, Response.json(ME));
  const returned = vi.fn();
  render(<OtherLogIns onReturned={returned} />);
  const link = await screen.findByRole("link");
  expect(link.getAttribute("target")).toBe("_blank");

  window.dispatchEvent(new Event("focus"));
  await waitFor(() => {
    expect(fetched).toHaveBeenCalledTimes(2);
  });
  expect(returned).not.toHaveBeenCalled();
  window.dispatchEvent(new Event("focus"));
  await waitFor(() => {
    expect(returned).toHaveBeenCalledWith(ME);
  });
});
