/**
 * Why an officer reads a case of other officers. The server asks for it and logs it. It goes with the reads of that
 * case only, and it is forgotten when the page is left.
 */

import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { api, clientWith } from "./client.ts";

/** Code of the refusal of a read without a reason. */
export const NEEDS_REASON = "read_reason_needed";

const readers = new Map<string, typeof api>();

/** Keep the reason for the reads of a case or of a restoration. */
export function giveReadReason(subject: string, reason: string): void {
  readers.set(subject, clientWith({ "X-Read-Reason": encodeURIComponent(reason) }));
}

/** Read another number of the same case with the reason of the first one. */
export function shareReadReason(subject: string, other: string): void {
  const reader = readers.get(subject);
  if (reader !== undefined) readers.set(other, reader);
}

export function hasReadReason(subject: string): boolean {
  return readers.has(subject);
}

/** The client for the reads of a case or of a restoration. */
export function readerOf(subject: string): typeof api {
  return readers.get(subject) ?? api;
}

/** Forget the reasons when the page is left, and what was read with them. */
export function useReadReasons(read: QueryKey): void {
  const client = useQueryClient();
  const name = JSON.stringify(read);
  useEffect(
    () => () => {
      if (readers.size === 0) return;
      readers.clear();
      client.removeQueries({ queryKey: JSON.parse(name) as QueryKey });
    },
    [client, name],
  );
}
