/** Reads of the shifts that have ended, and of what each of their officers did and left. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";

export type Shift = Schemas["ShiftLine"];
export type Handover = Schemas["ShiftHandover"];
export type OfficerHandover = Schemas["OfficerHandover"];
export type OwnShift = Schemas["OwnShift"];

const AT_ONCE = 30;
const LOOK_EVERY_MS = 120_000;

/** No event tells of the end of a shift, and it is told ten minutes later anyway. */
export const shifts = infiniteQueryOptions({
  queryKey: ["shifts"],
  initialPageParam: null as string | null,
  queryFn: ({ pageParam }) =>
    ok(api.GET("/api/v1/shifts", { params: { query: { limit: AT_ONCE, ...(pageParam !== null && { after: pageParam }) } } })),
  getNextPageParam: (page) => page.next,
  refetchInterval: LOOK_EVERY_MS,
});

/** Shifts of this officer that run or have no record yet, with the own notes for them. */
export const ownShifts = queryOptions({
  queryKey: ["own-shifts"],
  queryFn: () => ok(api.GET("/api/v1/shifts/own")),
  refetchInterval: LOOK_EVERY_MS,
});

export const handover = (shiftId: number) =>
  queryOptions({
    queryKey: ["shifts", shiftId],
    queryFn: () =>
      // Without a word of the caller the answer is JSON, never a table.
      ok(api.GET("/api/v1/shifts/{shift_id}/handover", { params: { path: { shift_id: shiftId } } })) as Promise<Handover>,
  });
