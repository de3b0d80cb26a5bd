/** Limits of chance around the share of all, for a number of requests: outside them a bank is other than the rest. */

export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** Normal deviates of 95 % and 99.8 %. */
export const Z_95 = 1.96;
export const Z_998 = 3.09;

export function limitsAt(share: number, count: number, z: number): Limits {
  const half = z * Math.sqrt((share * (1 - share)) / count);
  return { low: Math.max(0, share - half), high: Math.min(1, share + half) };
}

export type Standing = "below" | "within" | "above";

/** Where a share stands against the limits of 99.8 %. */
export function standingOf(share: number, count: number, all: number): Standing {
  const { low, high } = limitsAt(all, count, Z_998);
  if (share < low) return "below";
  return share > high ? "above" : "within";
}
