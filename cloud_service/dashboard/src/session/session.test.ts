import { afterEach, expect, test, vi } from "vitest";

import { answer, api } from "../api/client.ts";
import { Problem, Unreachable } from "../api/problem.ts";
import type { Me } from "../api.gen.ts";
import { checkSession, logOut } from "./accounts.ts";
import { session } from "./session.ts";

const ME: Me = { user: "h.meier", role: "clinician", site: null, permissions: [] };
const COUNTS = { announced: 0, refused: 0, stored: 0, analysed: 1, failed: 0 };

function problem(status: number, detail: string): Response {
  return Response.json({ detail }, { status, headers: { "content-type": "application/problem+json" } });
}

function answers(...responses: Response[]) {
  const fetched = vi.fn<(request: Request) => Promise<Response>>(() => Promise.resolve(responses.shift() ?? Response.error()));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

afterEach(() => {
  session.end(null);
  vi.unstubAllGlobals();
});

test("a request that meets an ended session waits for the log-in and is sent again, body and all", async () => {
  session.begin(ME);
  const fetched = answers(problem(401, "Log in."), new Response(null, { status: 204 }));
  const saved = api.PUT("/api/v1/session/password", { body: { present: "a", new: "b" } });
  await vi.waitFor(() => {
    expect(session.state.get()).toMatchObject({ state: "open", expired: true });
  });
  expect(fetched).toHaveBeenCalledTimes(1);

  session.begin(ME);
  await saved;

  expect(session.state.get()).toMatchObject({ expired: false });
  expect(await fetched.mock.calls[1]?.[0].json()).toEqual({ present: "a", new: "b" });
});

test("before the log-in, and on asking for the session itself, the refusal is told", async () => {
  answers(problem(401, "Log in."), problem(401, "Log in."));
  await expect(answer(api.GET("/api/v1/captures/counts"))).rejects.toThrow("Log in.");

  session.begin(ME);
  await expect(answer(api.GET("/api/v1/session"))).rejects.toThrow(Problem);
});

test("a refusal is told in the server's words, and a server that is away in the page's own", async () => {
  session.begin(ME);
  answers(problem(409, "Dr Lang holds this case."), Response.json(COUNTS));
  await expect(answer(api.GET("/api/v1/captures/counts"))).rejects.toMatchObject({
    status: 409,
    message: "Dr Lang holds this case.",
  });
  expect(await answer(api.GET("/api/v1/captures/counts"))).toEqual(COUNTS);

  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(answer(api.GET("/api/v1/captures/counts"))).rejects.toThrow(Unreachable);
});

test("a log-out that the server did not hear of is not told as one", async () => {
  session.begin(ME);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await logOut();


  expect(session.state.get()).toMatchObject({ state: "none", notice: expect.stringContaining("not logged out") as string });
});

test("a log-out is told as one, also where the session had ended before", async () => {
  for (const response of [new Response(null, { status: 204 }), problem(401, "Log in.")]) {
    session.begin(ME);
    answers(response);
    await logOut();
    expect(session.state.get()).toEqual({ state: "none", notice: null });
  }
});

test("another person begins with an empty page, and so does the same one with another role or site", () => {
  const reload = vi.spyOn(window.location, "reload").mockImplementation(() => undefined);
  session.begin(ME);
  session.begin({ ...ME });
  expect(reload).not.toHaveBeenCalled();

  for (const change of [{ user: "a.lang" }, { role: "administrator" as const }, { site: "north" }]) {
    session.begin({ ...ME, ...change });
  }
  expect(reload).toHaveBeenCalledTimes(3);
  reload.mockRestore();
});

test("an answer about a session that has ended meanwhile changes nothing", async () => {
  session.begin(ME);
  answers(problem(401, "Log in."));
  const asked = checkSession();
  session.end(null);
  session.begin(ME);
  await asked;

  expect(session.state.get()).toMatchObject({ state: "open", expired: false });
});
