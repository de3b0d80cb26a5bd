/** Values that a list may have: what is typed is read as one of them. */

export interface Known {
  readonly value: string;
  readonly label: string;
}

/** Return the value that is meant by its code or its name, in any case; undefined if none is. */
export function knownValue(typed: string, known: readonly Known[]): string | undefined {
  const sought = typed.trim().toLowerCase();
  return known.find((one) => [one.value, one.label].some((text) => text.toLowerCase() === sought))?.value;
}
