/** How long the silence of a server lasts before the page says so. Pure. */

/** A server that has not opened a stream after this time is said not to answer. */
export const SILENT_MS = 4_500;
/** A stream without any sign for so many of its own clock intervals is dead. One word may come late. */
const INTERVALS_MAX = 2.25;

/** The longest silence of a stream whose clock comes each so many seconds. */
export function silenceMs(clockSeconds: number): number {
  return clockSeconds * 1000 * INTERVALS_MAX;
}
