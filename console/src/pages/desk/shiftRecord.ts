/** What the record of a shift says: whether it is new, and what an officer did in it. */

import type { Schemas } from "../../api/client.ts";

const NEW_FOR_MS = 2 * 3_600_000;

/** The newest shift that ended a short while ago, if there is one. */
export function endedJustNow(found: readonly Schemas["ShiftLine"][], now: number): Schemas["ShiftLine"] | undefined {
  return found.find((one) => now - Date.parse(one.ends_at) < NEW_FOR_MS);
}

/** Acts that have a name of their own; the others are one number. */
export const NAMED_ACTS = [
  "call",
  "telephone_answer_entered",
  "task_claimed",
  "task_closed",
  "task_passed_on",
  "task_taken_over",
  "task_snoozed",
  "hop_added",
  "hop_corrected",
  "request_sent_again",
  "discrepancy_resolved",
] as const;
export type NamedAct = (typeof NAMED_ACTS)[number];

/** How often an officer did what: the acts with a name in their order, and the sum of the others. */
export function actsOf(acts: Readonly<Record<string, number>>): { named: readonly (readonly [NamedAct, number])[]; others: number } {
  const named = NAMED_ACTS.flatMap((act) => ((acts[act] ?? 0) > 0 ? [[act, acts[act] ?? 0] as const] : []));
  const all = Object.values(acts).reduce((sum, one) => sum + one, 0);
  return { named, others: all - named.reduce((sum, [, count]) => sum + count, 0) };
}
