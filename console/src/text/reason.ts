/** The reason of an act, as the API takes it. Pure. */

export const REASON_MIN_CHARS = 3;
export const REASON_MAX_CHARS = 1000;
/** A reason that goes in a header, or beside a work item. */
export const NOTE_MAX_CHARS = 500;

export function isReason(text: string): boolean {
  return text.trim().length >= REASON_MIN_CHARS;
}
