/** What a holder reads out at the counter: the number of the case, or the reference of the hold, from the message. */

export type Named = { readonly ack_no: string } | { readonly reference: string };

const NUMBER = /^[0-9]{14}$/;
const REFERENCE = /^[A-Z0-9]{10}$/;

/** Read a number or a reference, also with the blanks and hyphens with which it is read out; null if it is neither. */
export function namedBy(typed: string): Named | null {
  const compact = typed.replace(/[\s-]/g, "").toUpperCase();
  if (NUMBER.test(compact)) return { ack_no: compact };
  return REFERENCE.test(compact) ? { reference: compact } : null;
}
