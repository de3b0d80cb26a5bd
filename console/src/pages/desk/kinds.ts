import type { Kind } from "./filters.ts";

/** The kinds of the desk's day, the most frequent first; the address may name any other. */
export const KINDS: readonly Kind[] = [
  "phone_bank",
  "ticket_refused",
  "read_answer",
  "resolve_discrepancy",
  "correct_reference",
  "name_institution",
  "payer_bank",
  "read_complaint",
  "hold_lapses",
  "small_hold",
  "order_silent",
  "restoration_step",
  "grievance",
  "duty",
  "ask_for_liens",
  "reconcile",
  "supervise",
];
