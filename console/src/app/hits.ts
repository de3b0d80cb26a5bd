/** Which case of a search opens by Enter. Pure. */

export interface Hits {
  readonly items: readonly { readonly case_ack_no: string }[];
  readonly is_cut: boolean;
}

/** Return the number of the one case that was found; null if several or none were. */
export function onlyHit({ items, is_cut }: Hits): string | null {
  return items.length === 1 && !is_cut ? (items[0]?.case_ack_no ?? null) : null;
}

/** Whether what was typed is the whole number of a case, with or without spaces and lines in it. */
export function isNumberOf(ackNo: string, typed: string): boolean {
  return typed.replace(/[\s-]/g, "") === ackNo;
}
