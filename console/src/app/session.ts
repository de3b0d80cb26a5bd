/** The officer who is signed in. The server's own pages sign in; this asks who it is, and what to do at the end. */

import { queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";

import { api, type Schemas, setCsrfToken } from "../api/client.ts";
import { ok, problemOf } from "../api/problem.ts";
import { queries } from "../api/queries.ts";
import { serverNow } from "../text/clock.ts";

export type Session = Schemas["OpenSession"];

/** The server's page; after the sign-in it sends the officer back here. */
export const SIGN_IN = "/sign-in?to=console";
/** Where an officer of an identity provider signs in again. */
export const SIGN_IN_AT_PROVIDER = "/sign-in/provider";

let isLeaving = false;
let endedAt: number | null = null;
const watchers = new Set<() => void>();
/** Tells the other tabs of the browser that the officer signed out, so that they forget what they show. */
const leaving = new BroadcastChannel("goldenhour.session");
leaving.onmessage = () => goToSignIn();

function setEnded(at: number | null): void {
  endedAt = at;
  for (const watcher of watchers) watcher();
}

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

/** The server's time at which the session was over; null while it is alive. */
export function useSessionEnd(): number | null {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => endedAt,
  );
}

/** The session is over. A page that shows something stays, so that nothing that is typed is lost. */
export function sessionEnded(): void {
  if (queries.getQueryData(session.queryKey) === undefined) goToSignIn();
  else if (!isLeaving && endedAt === null) setEnded(serverNow());
}

/**
 * Take over the session that another window of the browser has begun, and return it; null if there is none.
 *
 * The page of another officer begins from nothing.
 */
export async function takeOver(): Promise<Session | null> {
  const before = queries.getQueryData(session.queryKey);
  try {
    const found = await ok(api.GET("/api/v1/session"));
    if (found.officer_id !== before?.officer_id) {
      location.assign("/console/");
      return await new Promise(() => undefined);
    }
    setCsrfToken(found.csrf_token);
    queries.setQueryData(session.queryKey, found);
    return found;
  } catch (error) {
    if (problemOf(error).status === 401) return null;
    throw error;
  }
}

/** Go on if the same officer has signed in again; return whether. */
export async function goOn(): Promise<boolean> {
  if ((await takeOver()) === null) return false;
  setEnded(null);
  void queries.invalidateQueries();
  return true;
}

/** Run what looks again when the officer comes back from the window of the sign-in. */
export function useComesBack(look: () => void): void {
  useEffect(() => {
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  });
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
    leaving.postMessage("signed out");
    try {
      await ok(api.DELETE("/api/v1/session"));
    } finally {
      client.clear();
      // A full load drops what the memory still has.
      location.assign("/sign-in");
    }
  };
}
