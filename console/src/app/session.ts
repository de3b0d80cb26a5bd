/** The officer who is signed in. The server's own pages sign in; this only asks who it is, and signs out. */

import { queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";

import { api, type Schemas, setCsrfToken } from "../api/client.ts";
import { ok, problemOf } from "../api/problem.ts";

export type Session = Schemas["OpenSession"];

/** The server's page; after the sign-in it sends the officer back here. */
const SIGN_IN = "/sign-in?to=console";

let isLeaving = false;

export const session = queryOptions({
  queryKey: ["session"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<Session> => {
    try {
      const found = await ok(api.GET("/api/v1/session"));
      setCsrfToken(found.csrf_token);
      return found;
    } catch (error) {
      // The browser is on its way to the page of sign-in, so nothing is drawn any more.
      if (problemOf(error).status === 401) await new Promise(() => undefined);
      throw error;
    }
  },
});

export function useSession(): Session {
  return useSuspenseQuery(session).data;
}

/** Go to the page of sign-in, once. */
export function goToSignIn(): void {
  if (isLeaving) return;
  isLeaving = true;
  location.assign(SIGN_IN);
}

/** End the session, and forget everything that was read in it. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    isLeaving = true;
    try {
      await ok(api.DELETE("/api/v1/session"));
    } finally {
      client.clear();
      // A full load drops what the memory still has.
      location.assign("/sign-in");
    }
  };
}
