/** Reads of the page, its address, and what has them read again. */

import { infiniteQueryOptions, type QueryFilters, queryOptions } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { api, type Schemas } from "../../api/client.ts";
import { noteSeq, useLogEnd } from "../../api/logEnds.ts";
import { ok } from "../../api/problem.ts";
import { useReadAgain } from "../../api/readAgain.ts";
import { type StreamEvent, useTopics } from "../../api/stream.ts";
import { type Asked, askedOf, type Search, searchOf } from "./asked.ts";
import type { Named } from "./named.ts";

export type Grievance = Schemas["GrievanceView"];
export type GrievanceHead = Schemas["GrievanceHead"];
export type Hold = Schemas["HoldView"];
export type HoldFile = Schemas["HoldFile"];
export type Proposal = Schemas["ReleaseProposal"];

/** Everything of this page; each act reads it again. */
export const ALL = ["appeals"] as const;
const LISTS = ["list", "small"] as const;
const AT_ONCE = 50;
const LINES_MAX = 200;
/** The lists are read again at most so often, because the queue of a busy desk changes all the time. */
const SETTLES_MS = 3000;
/** kinds of work items behind which an appeal, a release or a small hold stands */
const KINDS: ReadonlySet<string> = new Set(["grievance", "supervise", "small_hold"]);

export function useAsked(): readonly [Asked, (changes: Partial<Asked>) => void] {
  const asked = askedOf(useSearch({ strict: false }) as Search);
  const navigate = useNavigate();
  return [
    asked,
    (changes) => void navigate({ to: "/appeals", search: searchOf({ ...asked, ...changes }) as never, replace: true }),
  ];
}

export const grievances = (asked: Asked) =>
  infiniteQueryOptions({
    queryKey: [...ALL, "list", asked.list, asked.level, asked.late],
    queryFn: ({ pageParam }) => {
      const query = {
        everybody: asked.list === "all",
        ...(asked.level !== null && { level: asked.level }),
        ...(asked.late && { overdue: true }),
        ...(pageParam !== null && { after: pageParam }),
        limit: AT_ONCE,
      };
      return ok(api.GET("/api/v1/grievances/waiting", { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: asked.list !== "small",
  });

export const smallHolds = (asked: Asked) =>
  infiniteQueryOptions({
    queryKey: [...ALL, "small"],
    queryFn: ({ pageParam }) => {
      const query = { small: true, ...(pageParam !== null && { after: pageParam }), limit: AT_ONCE };
      return ok(api.GET("/api/v1/holds", { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: asked.list === "small",
  });

/** What is read of a file after its first part. */
const later = (of: { readonly hold_id: string; readonly case_ack_no: string }): readonly QueryFilters[] => [
  { queryKey: [...ALL, "proposals", of.hold_id] },
  { queryKey: [...ALL, "documents", of.case_ack_no] },
];

export const grievance = (grievanceId: string) =>
  queryOptions({
    queryKey: [...ALL, "grievance", grievanceId],
    queryFn: async () => {
      const path = { grievance_id: grievanceId };
      const view = await ok(api.GET("/api/v1/grievances/{grievance_id}", { params: { path } }));
      noteSeq(grievanceId, view.last_event_seq, [{ queryKey: [...ALL, "hold", view.hold_id] }, ...later(view)]);
      return view;
    },
  });

export const holdFile = (holdId: string) =>
  queryOptions({
    queryKey: [...ALL, "hold", holdId],
    queryFn: async () => {
      const path = { account_hold_id: holdId };
      const file = await ok(api.GET("/api/v1/holds/{account_hold_id}/file", { params: { path } }));
      noteSeq(holdId, file.last_event_seq, later(file.hold));
      return file;
    },
  });

/** Releases of a hold that officers proposed, with what the victims said; the newest first. */
export const proposals = (holdId: string) =>
  queryOptions({
    queryKey: [...ALL, "proposals", holdId],
    queryFn: () =>
      ok(api.GET("/api/v1/holds/{account_hold_id}/releases", { params: { path: { account_hold_id: holdId } } })),
  });

export const documents = (ackNo: string) =>
  queryOptions({
    queryKey: [...ALL, "documents", ackNo],
    queryFn: () => ok(api.GET("/api/v1/documents", { params: { query: { case: ackNo, limit: LINES_MAX } } })),
  });

/** The holds of a case with money, or the one hold with a reference. */
export const holdsOf = (named: Named) =>
  queryOptions({
    queryKey: [...ALL, "holds", named],
    queryFn: () => ok(api.GET("/api/v1/holds", { params: { query: { ...named, held: true, limit: LINES_MAX } } })),
  });

export const officers = queryOptions({
  queryKey: [...ALL, "officers"],
  queryFn: () => ok(api.GET("/api/v1/grievance-officers")),
});

/**
 * Read everything again when the stream says that a work item of this page changed, a little later.
 *
 * A list is of many cases, which have no event in common. So the lists are read once more when the stream begins.
 */
export function useLiveLists(): void {
  const readAgain = useReadAgain(SETTLES_MS);
  useTopics(["queue"], (event: StreamEvent) => {
    if (event.kind === "reset") for (const list of LISTS) readAgain([...ALL, list]);
    else if (event.kind === "task" && (event.data === null || KINDS.has(event.data.kind))) readAgain(ALL);
  });
}

/** Read everything again when the case of the open file changed. `of` is the grievance or the hold. */
export function useLiveFile(of: string, ackNo: string): void {
  const readAgain = useReadAgain(SETTLES_MS);
  const growsTo = useLogEnd(of, ackNo, () => readAgain(ALL));
  useTopics([`case:${ackNo}`], (event: StreamEvent) => {
    if (event.kind === "case" && event.id === ackNo) growsTo(event.version);
    else if (event.kind === "deadline") readAgain(ALL);
  });
}
