import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";
import type { NewToken, NewUser, TokenWithSecret, UserChange, UserView, UserWithPassword } from "../../api.gen.ts";
import { queryClient } from "../../api/queries.ts";

const USERS = ["users"] as const;

export const usersQuery = queryOptions({
  queryKey: USERS,
  queryFn: () => answer(api.GET("/api/v1/users")),
  staleTime: 0,
});

/** The provider through whom users can log in, as the settings name it; null: they name none. */
export const providerQuery = queryOptions({
  queryKey: ["log-in-provider"] as const,
  queryFn: async () => (await answer(api.GET("/api/v1/session/providers"))).providers[0] ?? null,
});

export function tokensQuery(name: string) {
  return queryOptions({
    queryKey: ["tokens", name] as const,
    queryFn: () => answer(api.GET("/api/v1/users/{name}/tokens", { params: { path: { name } } })),
    staleTime: 0,
  });
}

export async function addUser(body: NewUser): Promise<UserWithPassword> {
  return listedAnew(answer(api.POST("/api/v1/users", { body })));
}

export async function changeUser(name: string, body: UserChange): Promise<UserView> {
  return listedAnew(answer(api.PATCH("/api/v1/users/{name}", { params: { path: { name } }, body })));
}

/** Gives a user a new random password, which is told this once. */
export async function resetPassword(name: string): Promise<UserWithPassword> {
  return listedAnew(answer(api.POST("/api/v1/users/{name}/password-reset", { params: { path: { name } }, body: {} })));
}

/** Says who a user is at the provider; a former account's sessions end. */
export async function bindUser(name: string, subject: string): Promise<UserView> {
  return listedAnew(answer(api.PUT("/api/v1/users/{name}/openid", { params: { path: { name } }, body: { subject } })));
}

export async function unbindUser(name: string): Promise<void> {
  await listedAnew(api.DELETE("/api/v1/users/{name}/openid", { params: { path: { name } } }));
}

export async function addToken(name: string, body: NewToken): Promise<TokenWithSecret> {
  const made = await answer(api.POST("/api/v1/users/{name}/tokens", { params: { path: { name } }, body }));
  void queryClient.invalidateQueries(tokensQuery(name));
  return made;
}

export async function revokeToken(name: string, id: string): Promise<void> {
  await api.DELETE("/api/v1/users/{name}/tokens/{token_id}", { params: { path: { name, token_id: id } } });
  void queryClient.invalidateQueries(tokensQuery(name));
}

/** What a change answered, at once: it may be a secret that is shown this once, so it does not wait for the list. */
async function listedAnew<Answer>(change: Promise<Answer>): Promise<Answer> {
  const answered = await change;
  void queryClient.invalidateQueries({ queryKey: USERS });
  return answered;
}
