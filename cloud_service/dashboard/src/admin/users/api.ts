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

export async function addToken(name: string, body: NewToken): Promise<TokenWithSecret> {
  const made = await answer(api.POST("/api/v1/users/{name}/tokens", { params: { path: { name } }, body }));
  await queryClient.invalidateQueries(tokensQuery(name));
  return made;
}

export async function revokeToken(name: string, id: string): Promise<void> {
  await api.DELETE("/api/v1/users/{name}/tokens/{token_id}", { params: { path: { name, token_id: id } } });
  await queryClient.invalidateQueries(tokensQuery(name));
}

async function listedAnew<Answer>(change: Promise<Answer>): Promise<Answer> {
  const answered = await change;
  await queryClient.invalidateQueries({ queryKey: USERS });
  return answered;
}
