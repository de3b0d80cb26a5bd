/** Reads of the page, its address, and its table as a file. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { api, type Schemas } from "../../api/client.ts";
import type { FileRequest } from "../../api/files.ts";
import { ok } from "../../api/problem.ts";
import { useReadAgain } from "../../api/readAgain.ts";
import { type StreamEvent, useTopics } from "../../api/stream.ts";
import { serverNow } from "../../text/clock.ts";
import { isoDay } from "../../text/moments.ts";
import { type Asked, askedOf, type Search, searchOf } from "./asked.ts";

/** Everything of this page; each act reads it again. */
export const ALL = ["court-day"] as const;
const AT_ONCE = 200;
const SETTLES_MS = 3000;
/** kinds of work items behind which an order of a court or the step of a restoration stands */
const KINDS: ReadonlySet<string> = new Set(["supervise", "restoration_step"]);

export function useAsked(): readonly [Asked, (changes: Partial<Asked>) => void] {
  const today = isoDay(serverNow());
  const asked = askedOf(useSearch({ strict: false }) as Search, today);
  const navigate = useNavigate();
  return [
    asked,
    (changes) =>
      void navigate({
        to: "/court-day",
        search: searchOf({ ...asked, ...changes }, today) as never,
        replace: true,
      }),
  ];
}

const queryOf = (asked: Asked) => ({
  route: asked.route,
  on: asked.on,
  ...(asked.district && { district: asked.district }),
  ...(asked.court && { court: asked.court }),
  ...(asked.heard && { hearing_on: asked.heard }),
});

export const files = (asked: Asked) =>
  infiniteQueryOptions({
    queryKey: [...ALL, "files", queryOf(asked)],
    queryFn: ({ pageParam }) => {
      const query = { ...queryOf(asked), ...(pageParam !== null && { after: pageParam }), limit: AT_ONCE };
      // The answer is JSON, because nothing asks for a table.
      return ok(api.GET("/api/v1/court-day", { params: { query } })) as Promise<Schemas["CourtDayPage"]>;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const orders = infiniteQueryOptions({
  queryKey: [...ALL, "orders"],
  queryFn: ({ pageParam }) => {
    const query = { ...(pageParam !== null && { after: pageParam }), limit: AT_ONCE };
    return ok(api.GET("/api/v1/court-orders/waiting", { params: { query } }));
  },
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

/** Return the whole list as a table, made by the server. */
export const tableOf = (asked: Asked, how: FileRequest) =>
  ok<Blob>(api.GET("/api/v1/court-day", { ...how, params: { query: queryOf(asked) } }));

/** Read everything again when the stream says that a work item of this page changed, a little later. */
export function useLive(): void {
  const readAgain = useReadAgain(SETTLES_MS);
  useTopics(["queue"], (event: StreamEvent) => {
    const isOurs = event.kind === "task" && (event.data === null || KINDS.has(event.data.kind));
    if (event.kind === "reset" || isOurs) readAgain(ALL);
  });
}
