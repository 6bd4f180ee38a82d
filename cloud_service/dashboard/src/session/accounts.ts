import { answer, api } from "../api/client.ts";
import { isLoggedOut, wordsOf } from "../api/problem.ts";
import type { Me } from "../api.gen.ts";
import { session } from "./session.ts";

/** Exchanges user name and password for a session. */
export async function logIn(user: string, password: string): Promise<Me> {
  return answer(api.POST("/api/v1/session", { body: { user, password } }));
}

/** Ends the session, here and on the server; where it could not be ended there, the page says so. */
export async function logOut(): Promise<void> {
  try {
    await api.DELETE("/api/v1/session");
    session.end(null);
  } catch (error) {
    // The browser keeps the cookie then, and whoever reloads the page is let in by it.
    const notice = `You are not logged out: reload this page and log out again. ${wordsOf(error)}`;
    session.end(isLoggedOut(error) ? null : notice);
  }
}

/** Who is logged in, where the session still holds. */
export async function whoAmI(): Promise<Me> {
  return answer(api.GET("/api/v1/session"));
}

/** Ends every session of the user, this one too. */
export async function changePassword(present: string, fresh: string): Promise<void> {
  await api.PUT("/api/v1/session/password", { body: { present, new: fresh } });
}

/**
 * Asks whose session the browser holds: another tab may have put another one in its place. Lets the log-in be shown over
 * the page where there is none any more.
 */
export async function checkSession(): Promise<void> {
  const before = session.state.get();
  const isOutrun = () => session.state.get() !== before; // the answer is about a session that was, then
  try {
    const me = await whoAmI();
    if (!isOutrun()) {
      session.begin(me);
    }
  } catch (error) {
    if (isLoggedOut(error) && !isOutrun()) {
      void session.expire();
    }
    // A server that is away is no reason to ask for a password.
  }
}
