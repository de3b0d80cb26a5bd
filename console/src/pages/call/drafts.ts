/** What the page reads: own drafts, those that wait, what to choose from, and the banks that are asked. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import type { Content } from "./content.ts";

export type Line = Schemas["DraftLine"];
export type Check = Schemas["DraftCheck"];
export type AskedBanks = Schemas["AskedBanks"];

/** The banks' answers come by the stream for those who may read it; this is for the officers of the helpline. */
const LOOK_EVERY_MS = 2000;

export const ownDrafts = queryOptions({
  queryKey: ["drafts", "own"],
  queryFn: async () => (await ok(api.GET("/api/v1/drafts"))).items,
});

export const waitingDrafts = queryOptions({
  queryKey: ["drafts", "waiting"],
  refetchInterval: 30_000,
  queryFn: async () => (await ok(api.GET("/api/v1/drafts", { params: { query: { waiting: true } } }))).items,
});

export const teamOfficers = queryOptions({
  queryKey: ["drafts", "team-officers"],
  staleTime: 60_000,
  queryFn: async () => (await ok(api.GET("/api/v1/drafts/team-officers"))).items,
});

export function draft(draftId: string) {
  return queryOptions({
    queryKey: ["draft", draftId],
    // The keeper has the content from then on, and the draft may have another owner when it is opened again.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 1000,
    queryFn: () => ok(api.GET("/api/v1/drafts/{draft_id}", { params: { path: { draft_id: draftId } } })),
  });
}

/** The check of what is typed. The cache of it is in memory, and short, because it is personal. */
/** the first part of the keys of checks */
export const CHECK = "draft-check";

export function checkOf(content: Content) {
  return queryOptions({
    queryKey: [CHECK, content],
    gcTime: 10_000,
    placeholderData: keepPreviousData,
    queryFn: () => ok(api.POST("/api/v1/drafts/check", { body: content })),
  });
}

export function banksOf(draftId: string, isSent: boolean) {
  return queryOptions({
    queryKey: ["draft-banks", draftId],
    enabled: isSent,
    refetchInterval: LOOK_EVERY_MS,
    queryFn: () => ok(api.GET("/api/v1/drafts/{draft_id}/banks", { params: { path: { draft_id: draftId } } })),
  });
}
