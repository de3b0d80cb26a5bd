/** What the pages of administration read, and who may act. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import type { FileRequest } from "../../api/files.ts";
import { ok } from "../../api/problem.ts";
import { useSession } from "../../app/session.ts";

export type Officer = Schemas["OfficerLine"];
export type Team = Schemas["TeamEntry"];
export type Bank = Schemas["InstitutionDetails"];
export type KeyRequest = Schemas["KeyRequestView"];
export type Proposal = Schemas["Proposal"];
export type Change = Schemas["Change"];
export type Done = Schemas["AdministrationChange"];
/** What one proposal asks for. */
export type Asked = Schemas["NewProposal"]["asked"];

const AT_ONCE = 100;
const LINES = 20;
/** The most that the API gives at once. */
const MOST = 500;
const PROPOSALS_EACH_MS = 10_000;

/** Everything that these pages read, which is read again after an act. */
export const ADMIN = ["admin"] as const;

const first = null as string | null;
const rest = (page: { next: string | null }): string | null => page.next;

export const officers = infiniteQueryOptions({
  queryKey: [...ADMIN, "officers"],
  queryFn: ({ pageParam }) => ok(api.GET("/api/v1/officers", { params: { query: { after: pageParam, limit: AT_ONCE } } })),
  initialPageParam: first,
  getNextPageParam: rest,
});

/** The text goes in the body, because it may name a person. */
export const officersFound = (text: string) =>
  queryOptions({
    queryKey: [...ADMIN, "officers", "found", text],
    queryFn: () => ok(api.POST("/api/v1/officers/search", { body: { text } })),
    placeholderData: (before: Schemas["FoundOfficers"] | undefined) => before,
  });

export const officer = (officerId: string) =>
  queryOptions({
    queryKey: [...ADMIN, "officer", officerId],
    queryFn: () => ok(api.GET("/api/v1/officers/{officer_id}", { params: { path: { officer_id: officerId } } })),
  });

export const sessionsOf = (officerId: string) =>
  queryOptions({
    queryKey: [...ADMIN, "sessions", officerId],
    queryFn: () => ok(api.GET("/api/v1/sessions/of/{officer_id}", { params: { path: { officer_id: officerId } } })),
  });

export const signInsOf = (officerId: string) =>
  queryOptions({
    queryKey: [...ADMIN, "sign-ins", officerId],
    queryFn: () => ok(api.GET("/api/v1/sign-ins", { params: { query: { officer_id: officerId, limit: LINES } } })),
  });

export const refusalsOf = (officerId: string) =>
  queryOptions({
    queryKey: [...ADMIN, "refusals", officerId],
    queryFn: () =>
      ok(api.GET("/api/v1/refused-acts", { params: { query: { caller: `officer:${officerId}`, limit: LINES } } })),
  });

export const noticesOf = (officerId: string) =>
  queryOptions({
    queryKey: [...ADMIN, "notices", officerId],
    queryFn: () =>
      ok(api.GET("/api/v1/officers/{officer_id}/notice-settings", { params: { path: { officer_id: officerId } } })),
  });

export const teams = queryOptions({
  queryKey: [...ADMIN, "teams"],
  queryFn: () => ok(api.GET("/api/v1/teams")),
});

export const banks = (text: string) =>
  infiniteQueryOptions({
    queryKey: [...ADMIN, "banks", text],
    queryFn: ({ pageParam }) =>
      ok(api.GET("/api/v1/institutions", { params: { query: { text, after: pageParam, limit: AT_ONCE } } })),
    initialPageParam: first,
    getNextPageParam: rest,
    // The first page has the changes of keys that banks ask for.
    refetchInterval: PROPOSALS_EACH_MS,
  });

export const bank = (code: string) =>
  queryOptions({
    queryKey: [...ADMIN, "bank", code],
    queryFn: () => ok(api.GET("/api/v1/institutions/{code}", { params: { path: { code } } })),
  });

export const policy = queryOptions({
  queryKey: [...ADMIN, "policy"],
  queryFn: () => ok(api.GET("/api/v1/policy")),
});

export const displays = queryOptions({
  queryKey: [...ADMIN, "displays"],
  queryFn: () => ok(api.GET("/api/v1/displays")),
});

export const proposals = (state: Proposal["state"] | null) =>
  infiniteQueryOptions({
    queryKey: [...ADMIN, "proposals", state],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/api/v1/administration/proposals", {
          params: { query: { ...(state !== null && { state }), after: pageParam, limit: AT_ONCE } },
        }),
      ),
    initialPageParam: first,
    getNextPageParam: rest,
    // The stream says nothing of proposals, and another admin may have made or decided one meanwhile.
    refetchInterval: PROPOSALS_EACH_MS,
    refetchOnWindowFocus: true,
  });

export const proposal = (proposalId: number) =>
  queryOptions({
    queryKey: [...ADMIN, "proposal", proposalId],
    queryFn: () =>
      ok(api.GET("/api/v1/administration/proposals/{proposal_id}", { params: { path: { proposal_id: proposalId } } })),
    // What would change is compared with what is there now.
    staleTime: 0,
  });

export type Area = Done["area"];

export interface ChangeFilter {
  readonly area?: Area;
  readonly subject?: string;
  /** who acted, as the first or the second person */
  readonly officer?: string;
  /** moments as the API takes them */
  readonly since?: string;
  readonly until?: string;
}

/** All changes of a filter as a table, made by the server. */
export const changesAs = (filter: ChangeFilter, how: FileRequest) =>
  ok<Blob>(api.GET("/api/v1/administration/changes", { ...how, params: { query: filter } }));

export const changes = (filter: ChangeFilter) =>
  infiniteQueryOptions({
    queryKey: [...ADMIN, "changes", filter],
    queryFn: ({ pageParam }) => {
      const query = { ...filter, after: pageParam, limit: AT_ONCE };
      // The answer is JSON, because nothing asks for a table.
      return ok(api.GET("/api/v1/administration/changes", { params: { query } })) as Promise<Schemas["AdministrationChangePage"]>;
    },
    initialPageParam: first,
    getNextPageParam: rest,
    // What was agreed to leaves the list of proposals and stands here at once.
    refetchInterval: PROPOSALS_EACH_MS,
  });

/** The versions of the policy that two admins agreed to, the newest first. */
export const policyVersions = queryOptions({
  queryKey: [...ADMIN, "policy versions"],
  queryFn: () => ok(api.GET("/api/v1/policy/versions", { params: { query: { limit: MOST } } })),
});

/** Whether the officer may propose and decide. */
export function useIsAdmin(): boolean {
  return useSession().roles.includes("admin");
}

/** Whether the officer may do an act, as the table of roles names it. */
export function useMay(action: string): boolean {
  return useSession().actions.includes(action);
}

const SETTLES_MS = 250;

/** A text once it has not changed for a moment. */
export function useSettled(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
