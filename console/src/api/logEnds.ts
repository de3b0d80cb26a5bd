/** Up to which event of its case's log a page was read, so that a stream that begins has nothing read twice. */

import type { QueryFilters } from "@tanstack/react-query";
import { useEffect } from "react";

import { queries } from "./queries.ts";
import { newestHeard } from "./stream.ts";

/** The number of that event, by what is read. */
const readTo = new Map<string, number>();

/** Note the event that the first part covers, if no later part is kept: all others are read after the first. */
export function noteSeq(of: string, seq: number, others: readonly QueryFilters[]): void {
  const cache = queries.getQueryCache();
  const isKept = others
    .flatMap((filters) => cache.findAll(filters))
    .some((one) => one.state.data !== undefined || one.state.fetchStatus === "fetching");
  // Parts that are kept from an earlier visit may be older than the first.
  if (!isKept) readTo.set(of, seq);
}

/** Return what takes the newest event of a case, and reads again if that event was not read yet. */
export function useLogEnd(of: string, ackNo: string | undefined, readAgain: () => void): (seq: number) => void {
  const growsTo = (seq: number): void => {
    if (seq <= (readTo.get(of) ?? 0)) return;
    readTo.set(of, seq);
    readAgain();
  };
  // Another page may follow the case, so that the stream told of it before this page was there.
  useEffect(() => {
    if (ackNo !== undefined) growsTo(newestHeard("case", ackNo));
  }, [of, ackNo]);
  return growsTo;
}
