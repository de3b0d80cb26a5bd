/** The timeline as it is read: days, events, and idle time folded. Pure. */

import type { Schemas } from "../../api/client.ts";
import { dayText } from "../../text/moments.ts";

export type Entry = Schemas["TimelineEntry"];

export type TimelineRow =
  | { readonly what: "day"; readonly day: string }
  | { readonly what: "event"; readonly entry: Entry }
  | { readonly what: "gap"; readonly from: number; readonly to: number; readonly held: readonly Entry[] };

/** Steps of a machine that say nothing new to a person: the short timeline folds them. */
const MINOR: ReadonlySet<string> = new Set([
  "request_delivered",
  "request_acknowledged",
  "request_escalated",
  "level_reached",
  "message_sent",
  "hop_asked_again",
  "bank_spoke",
  "task_opened",
  "task_closed",
  "task_claimed",
  "task_passed_on",
  "task_released",
  "task_snoozed",
  "task_unowned",
  "payer_bank_asked",
  "order_delivered",
  "order_acknowledged",
  "order_sent_again",
  "order_escalated",
]);
/** A time without events from which it is said. */
const IDLE_MS = 3 * 3_600_000;

/** Return the rows of a timeline, the newest first. A gap names its time, and holds what the short timeline leaves out. */
export function rowsOf(entries: readonly Entry[], isShort: boolean): readonly TimelineRow[] {
  const rows: TimelineRow[] = [];
  let day = "";
  let above: Entry | null = null;
  let held: Entry[] = [];
  const between = (lower: Entry | null): void => {
    const newest = above ?? held[0] ?? null;
    const oldest = lower ?? held.at(-1) ?? null;
    if (newest === null || oldest === null) return;
    const [to, from] = [Date.parse(newest.at), Date.parse(oldest.at)];
    if (held.length > 0 || (above !== null && lower !== null && to - from >= IDLE_MS)) {
      rows.push({ what: "gap", from, to, held });
    }
    held = [];
  };
  for (const entry of entries) {
    if (isShort && MINOR.has(entry.kind)) {
      held.push(entry);
      continue;
    }
    between(entry);
    const entryDay = dayText(Date.parse(entry.at));
    if (entryDay !== day) {
      rows.push({ what: "day", day: entryDay });
      day = entryDay;
    }
    rows.push({ what: "event", entry });
    above = entry;
  }
  between(null);
  return rows;
}
