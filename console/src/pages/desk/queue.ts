/** What the page reads: the queue in pages, its counts, the saved views, and what to choose from. */

import { infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient } from "@tanstack/react-query";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import type { Language } from "../../text/language.ts";
import { type Filter, keyOf, queryOf } from "./filters.ts";
import { note, type Task } from "./live.ts";

/** Enough for the first screen at once; the rest comes in larger pages while the officer moves down. */
const FIRST = 100;
const FURTHER = 500;

export interface Page {
  readonly items: readonly Task[];
  readonly next: string | null;
  /** when it was asked for; what the stream says later is newer */
  readonly readAt: number;
}

export function queue(filter: Filter, language: Language) {
  return infiniteQueryOptions({
    queryKey: ["desk", "queue", keyOf(filter), language],
    initialPageParam: "",
    queryFn: async ({ pageParam }): Promise<Page> => {
      const readAt = Date.now();
      const query = {
        ...queryOf(filter),
        sort: "worth" as const,
        language,
        limit: pageParam ? FURTHER : FIRST,
        ...(pageParam && { after: pageParam }),
      };
      const { items, next } = await ok(api.GET("/api/v1/desk/tasks", { params: { query } }));
      return { items, next, readAt };
    },
    getNextPageParam: (last) => last.next,
    // The old list stays until the new one is there.
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Read the queue again from its beginning. */
export function readAgain(client: QueryClient, filter: Filter, language: Language): Promise<void> {
  const { queryKey } = queue(filter, language);
  client.setQueryData(queryKey, (before) =>
    before && { pages: before.pages.slice(0, 1), pageParams: before.pageParams.slice(0, 1) },
  );
  return client.invalidateQueries({ queryKey });
}

/** Read what is loaded of the queue once more, after a reading that is under way. */
export async function readOnceMore(client: QueryClient): Promise<void> {
  const queryKey = ["desk", "queue"];
  const reading = client.getQueryCache().findAll({ queryKey, fetchStatus: "fetching" });
  await Promise.all(reading.map((one) => one.promise?.catch(() => undefined)));
  await client.invalidateQueries({ queryKey });
}

/** Read one item again, and all others of its case, after an act that may have changed them. */
export async function readNewest(task: Task, language: Language): Promise<void> {
  if (task.case_ack_no === null) return;
  const query = { case: task.case_ack_no, limit: FURTHER, language };
  const { items } = await ok(api.GET("/api/v1/desk/tasks", { params: { query } }));
  for (const one of items) note(one.task_id, one);
  if (!items.some((one) => one.task_id === task.task_id)) note(task.task_id, { state: "closed" });
}

export function counts(filter: Filter) {
  return queryOptions({
    queryKey: ["desk", "counts", keyOf(filter)],
    queryFn: () => ok(api.GET("/api/v1/desk/task-counts", { params: { query: queryOf(filter) } })),
    placeholderData: keepPreviousData,
  });
}

export function openIn(found: Schemas["TaskCounts"] | undefined): number | null {
  return found ? found.kinds.reduce((sum, one) => sum + one.open, 0) : null;
}

export function paiseIn(found: Schemas["TaskCounts"] | undefined): number {
  return found ? found.kinds.reduce((sum, one) => sum + one.in_play_paise, 0) : 0;
}

export const savedViews = queryOptions({
  queryKey: ["desk", "views"],
  queryFn: async () => (await ok(api.GET("/api/v1/desk/task-filters"))).items,
});

export const teamOfficers = queryOptions({
  queryKey: ["desk", "team-officers"],
  staleTime: 60_000,
  queryFn: async () => (await ok(api.GET("/api/v1/desk/team-officers"))).items,
});
