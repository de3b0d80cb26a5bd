/** What the page reads of a case, and how its stream keeps it fresh. */

import { infiniteQueryOptions, type Query, queryOptions } from "@tanstack/react-query";

import type { Schemas } from "../../api/client.ts";
import { noteSeq, useLogEnd } from "../../api/logEnds.ts";
import { ok, problemOf } from "../../api/problem.ts";
import { useReadAgain } from "../../api/readAgain.ts";
import { readerOf, shareReadReason } from "../../api/readReason.ts";
import { type StreamEvent, useTopics } from "../../api/stream.ts";
import type { Language } from "../../text/language.ts";

export type CaseView = Schemas["CaseView"];
export type Edge = Schemas["TrailEdge"];
export type Node = Schemas["TrailNode"];
export type Detail = Schemas["TrailDetail"];

/** ribbons of a layer: as the server folds them, and after a click on the folded bar */
export const LEGS = { few: 300, most: 2_000 } as const;

/** Changes come in bursts, and each would read the picture again. */
const SETTLES_MS = 400;
/** The other parts of the page wait for the picture so long at most. */
const PICTURE_FIRST_MS = 2_000;
const NOT_FOUND = 404;
const HOPS_AT_ONCE = 200;
const EVENTS_AT_ONCE = 60;
const LINES_MAX = 200;

export const casePart = (ackNo: string, ...part: readonly (string | number | null)[]): readonly unknown[] => [
  "case",
  ackNo,
  ...part,
];

/**
 * What a victim said, or a victim's data. Each reading is logged, so an event of the case does not read it again.
 *
 * It leaves the memory when it leaves the screen.
 */
export const victimPart = (ackNo: string, ...part: readonly string[]): readonly unknown[] => ["victim", ackNo, ...part];

const READ_ONCE = { staleTime: Number.POSITIVE_INFINITY, gcTime: 0 } as const;

export const caseOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "itself"),
    queryFn: async () => {
      const view = await ok(readerOf(ackNo).GET("/api/v1/cases/{ack_no}", { params: { path: { ack_no: ackNo } } }));
      // The parts of the page are read by the case's own number.
      shareReadReason(ackNo, view.case_ack_no);
      const isOther = { queryKey: casePart(view.case_ack_no), predicate: (one: Query) => one.queryKey[2] !== "itself" };
      noteSeq(view.case_ack_no, view.last_event_seq, [isOther]);
      return view;
    },
    // The opening of the page asks, and a refusal is logged. The page that shows the refusal does not ask again.
    retryOnMount: false,
  });

/** The pictures that are being read, by case. */
const pictures = new Map<string, Promise<unknown>>();

/** Return the client once the picture is read, which takes longest. Other reads beside it would make it take longer. */
async function afterPicture(ackNo: string): Promise<ReturnType<typeof readerOf>> {
  const picture = pictures.get(ackNo);
  if (picture !== undefined) await Promise.race([picture, new Promise((done) => setTimeout(done, PICTURE_FIRST_MS))]);
  return readerOf(ackNo);
}

export const layoutOf = (ackNo: string, detail: Detail, legs: number) =>
  queryOptions({
    queryKey: casePart(ackNo, "layout", detail, legs),
    queryFn: () => {
      const read = ok(
        readerOf(ackNo).GET("/api/v1/cases/{ack_no}/trail/layout", {
          params: { path: { ack_no: ackNo }, query: { detail, legs } },
        }),
      );
      const ended = read.then(
        () => undefined,
        () => undefined,
      );
      pictures.set(ackNo, ended);
      void ended.then(() => pictures.get(ackNo) === ended && pictures.delete(ackNo));
      return read;
    },
    placeholderData: (before: Schemas["TrailLayoutView"] | undefined) => before,
  });

export const hopsOf = (ackNo: string, layer: number | null) =>
  infiniteQueryOptions({
    queryKey: casePart(ackNo, "hops", layer),
    queryFn: ({ pageParam }) =>
      ok(
        afterPicture(ackNo).then((reader) => reader.GET("/api/v1/cases/{ack_no}/trail", {
          params: { path: { ack_no: ackNo }, query: { layer, after: pageParam, limit: HOPS_AT_ONCE } },
        })),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const timelineOf = (ackNo: string, language: Language) =>
  infiniteQueryOptions({
    queryKey: casePart(ackNo, "timeline", language),
    queryFn: ({ pageParam }) =>
      ok(
        afterPicture(ackNo).then((reader) => reader.GET("/api/v1/cases/{ack_no}/timeline", {
          params: { path: { ack_no: ackNo }, query: { before: pageParam, language, limit: EVENTS_AT_ONCE } },
        })),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
  });

export const discrepanciesOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "discrepancies"),
    queryFn: () =>
      ok(
        afterPicture(ackNo).then((reader) => reader.GET("/api/v1/cases/{ack_no}/discrepancies", {
          params: { path: { ack_no: ackNo }, query: { limit: LINES_MAX } },
        })),
      ),
  });

export const holdsOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "holds"),
    queryFn: () => ok(afterPicture(ackNo).then((reader) => reader.GET("/api/v1/holds", { params: { query: { ack_no: ackNo, limit: LINES_MAX } } }))),
  });

export const documentsOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "documents"),
    queryFn: () => ok(afterPicture(ackNo).then((reader) => reader.GET("/api/v1/documents", { params: { query: { case: ackNo, limit: LINES_MAX } } }))),
  });

export const restorationsOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "restorations"),
    queryFn: () => ok(afterPicture(ackNo).then((reader) => reader.GET("/api/v1/restorations", { params: { query: { ack_no: ackNo } } }))),
  });

export const restorationOf = (ackNo: string, restorationId: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "restorations", restorationId),
    queryFn: () =>
      ok(
        readerOf(ackNo).GET("/api/v1/restorations/{restoration_id}", { params: { path: { restoration_id: restorationId } } }),
      ),
  });

export const mergesOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "merges"),
    queryFn: () => ok(afterPicture(ackNo).then((reader) => reader.GET("/api/v1/cases/{ack_no}/merges", { params: { path: { ack_no: ackNo } } }))),
  });

export const requestsOf = (ackNo: string) =>
  infiniteQueryOptions({
    queryKey: casePart(ackNo, "requests"),
    queryFn: ({ pageParam }) =>
      ok(
        afterPicture(ackNo).then((reader) => reader.GET("/api/v1/cases/{ack_no}/requests", {
          params: { path: { ack_no: ackNo }, query: { after: pageParam, limit: HOPS_AT_ONCE } },
        })),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const policeOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "police"),
    queryFn: () => ok(afterPicture(ackNo).then((reader) => reader.GET("/api/v1/cases/{ack_no}/police", { params: { path: { ack_no: ackNo } } }))),
  });

export const ordersOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "orders"),
    queryFn: () => ok(afterPicture(ackNo).then((reader) => reader.GET("/api/v1/orders", { params: { query: { ack_no: ackNo, limit: LINES_MAX } } }))),
  });

export const orderOf = (ackNo: string, orderId: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "orders", orderId),
    queryFn: () => ok(readerOf(ackNo).GET("/api/v1/orders/{order_id}", { params: { path: { order_id: orderId } } })),
  });

export const releasesOf = (ackNo: string, holdId: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "releases", holdId),
    queryFn: () =>
      ok(readerOf(ackNo).GET("/api/v1/holds/{account_hold_id}/releases", { params: { path: { account_hold_id: holdId } } })),
  });

export const contestedOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "contested"),
    queryFn: () =>
      ok(afterPicture(ackNo).then((reader) => reader.GET("/api/v1/cases/{ack_no}/contested-transfers", { params: { path: { ack_no: ackNo } } }))),
  });

export const inquiriesOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "inquiries"),
    queryFn: () => ok(afterPicture(ackNo).then((reader) => reader.GET("/api/v1/cases/{ack_no}/payer-inquiries", { params: { path: { ack_no: ackNo } } }))),
  });

export const creditAccountsOf = (ackNo: string, complaint: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "credit", complaint),
    queryFn: () =>
      ok(readerOf(ackNo).GET("/api/v1/complaints/{ack_no}/credit-accounts", { params: { path: { ack_no: complaint } } })),
  });

export const withdrawalsOf = (ackNo: string, complaint: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "withdrawals", complaint),
    queryFn: () => ok(readerOf(ackNo).GET("/api/v1/complaints/{ack_no}/withdrawals", { params: { path: { ack_no: complaint } } })),
  });

export const correctionsOf = (ackNo: string, complaint: string) =>
  queryOptions({
    queryKey: victimPart(ackNo, "corrections", complaint),
    ...READ_ONCE,
    queryFn: () =>
      ok(readerOf(ackNo).GET("/api/v1/complaints/{ack_no}/victim-corrections", { params: { path: { ack_no: complaint } } })),
  });

/** What a victim wrote of the police; null if the victim wrote nothing that is kept with the number. */
export const treatmentOf = (ackNo: string, complaint: string) =>
  queryOptions({
    queryKey: victimPart(ackNo, "treatment", complaint),
    ...READ_ONCE,
    queryFn: async () => {
      const params = { path: { ack_no: complaint } };
      try {
        return await ok(readerOf(ackNo).GET("/api/v1/complaints/{ack_no}/treatment-report", { params }));
      } catch (error) {
        if (problemOf(error).status === NOT_FOUND) return null;
        throw error;
      }
    },
  });

/** What the victim of a complaint told of what happened, the newest first. */
export const storiesOf = (ackNo: string, complaint: string) =>
  queryOptions({
    queryKey: victimPart(ackNo, "stories", complaint),
    ...READ_ONCE,
    queryFn: async () =>
      (await ok(readerOf(ackNo).GET("/api/v1/complaints/{ack_no}/stories", { params: { path: { ack_no: complaint } } })))
        .stories,
  });

export const messagesOf = (ackNo: string) =>
  queryOptions({
    queryKey: casePart(ackNo, "messages"),
    queryFn: () =>
      ok(
        readerOf(ackNo).GET("/api/v1/cases/{ack_no}/messages", {
          params: { path: { ack_no: ackNo }, query: { limit: LINES_MAX } },
        }),
      ),
  });

/**
 * Read the case again when the stream says that something of it changed.
 *
 * A stream that begins names the last event of the case, so a case that has not changed since it was read is not read
 * twice. `asked` is the number with which the page was opened. A case of other officers is not `isFollowed`: it is read
 * with a reason, which the stream has not.
 */
export function useLiveCase(view: CaseView, asked: string, isFollowed: boolean): void {
  const ackNo = view.case_ack_no;
  const readLater = useReadAgain(SETTLES_MS);
  const readAgain = (): void => {
    readLater(casePart(ackNo));
    if (asked !== ackNo) readLater(casePart(asked));
  };
  const growsTo = useLogEnd(ackNo, ackNo, readAgain);
  useTopics(isFollowed ? [`case:${ackNo}`] : [], (event: StreamEvent) => {
    if (event.kind === "case" && event.id === ackNo) growsTo(event.version);
    else if (event.kind === "deadline" && event.data.case_ack_no === ackNo) readAgain();
  });
}
