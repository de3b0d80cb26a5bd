/** What the page reads: the steps that wait, and of one file the restoration, its accounts, documents and case. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, type Schemas } from "../../api/client.ts";
import { noteSeq, useLogEnd } from "../../api/logEnds.ts";
import { ok } from "../../api/problem.ts";
import { useReadAgain } from "../../api/readAgain.ts";
import { readerOf } from "../../api/readReason.ts";
import { type StreamEvent, useTopics } from "../../api/stream.ts";
import type { Act, File, View } from "./figures.ts";

const AT_ONCE = 100;
const DOCUMENTS_AT_ONCE = 100;
const SETTLES_MS = 500;
const STEPS_SETTLE_MS = 3_000;
/** The stream tells of cases and work items; a step may begin to wait without either. */
const READ_EVERY_MS = 60_000;

export const part = (...of: readonly (string | null)[]): readonly unknown[] => ["approve", ...of];

export const stepsOf = (act: Act | null, awaits: Schemas["Awaited"]) =>
  infiniteQueryOptions({
    queryKey: part("steps", act, awaits),
    queryFn: ({ pageParam }) =>
      ok(api.GET("/api/v1/restorations/officer-steps", { params: { query: { act, awaits, after: pageParam, limit: AT_ONCE } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: READ_EVERY_MS,
  });

/** The restoration whose case is read. */
type Of = Pick<View, "restoration_id" | "case_ack_no">;

export interface Whole {
  readonly view: View;
  readonly file: File;
}

/** A restoration with its file. */
export const wholeOf = (restorationId: string) =>
  queryOptions({
    queryKey: part("file", restorationId),
    queryFn: async (): Promise<Whole> => {
      const reader = readerOf(restorationId);
      const params = { path: { restoration_id: restorationId } };
      const [view, file] = await Promise.all([
        ok(reader.GET("/api/v1/restorations/{restoration_id}", { params })),
        ok(reader.GET("/api/v1/restorations/{restoration_id}/file", { params })),
      ]);
      const others = ["case", "documents", "police"].map((name) => ({ queryKey: part(name, view.case_ack_no) }));
      noteSeq(restorationId, Math.min(view.last_event_seq, file.last_event_seq), others);
      return { view: { ...view, beneficiaries: view.beneficiaries ?? [] }, file };
    },
  });

export const caseOf = ({ restoration_id: id, case_ack_no: ackNo }: Of) =>
  queryOptions({
    queryKey: part("case", ackNo),
    queryFn: () => ok(readerOf(id).GET("/api/v1/cases/{ack_no}", { params: { path: { ack_no: ackNo } } })),
  });

export const documentsOf = ({ restoration_id: id, case_ack_no: ackNo }: Of) =>
  queryOptions({
    queryKey: part("documents", ackNo),
    queryFn: () =>
      ok(readerOf(id).GET("/api/v1/documents", { params: { query: { case: ackNo, limit: DOCUMENTS_AT_ONCE } } })),
  });

export const courtOrdersOf = ({ restoration_id: id, case_ack_no: ackNo }: Of) =>
  queryOptions({
    queryKey: part("police", ackNo),
    queryFn: async () =>
      (await ok(readerOf(id).GET("/api/v1/cases/{ack_no}/police", { params: { path: { ack_no: ackNo } } }))).court_orders,
  });

/**
 * Read the file again when its case changes, and the steps when a work item does.
 *
 * The steps are of many cases, which have no event in common. So they are read once more when the stream begins.
 */
export function useLiveFile(restorationId: string, ackNo: string | undefined): void {
  const readFiles = useReadAgain(SETTLES_MS);
  const readSteps = useReadAgain(STEPS_SETTLE_MS);
  const growsTo = useLogEnd(restorationId, ackNo, () => readFiles(part()));
  useTopics(["queue", ...(ackNo === undefined ? [] : [`case:${ackNo}`])], (event: StreamEvent) => {
    if (event.kind === "case" && event.id === ackNo) growsTo(event.version);
    else if (event.kind === "task" || event.kind === "deadline" || event.kind === "reset") readSteps(part("steps"));
  });
}
