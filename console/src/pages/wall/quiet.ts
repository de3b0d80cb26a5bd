/** When the wall may load itself again, so that it runs for months with the newest code and a clean memory. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Minute of the hour at which it is tried. The full and half hours are busy: shifts change then. */
const RELOAD_MINUTE = 7;
/** A page that is younger than this is not loaded again. */
const YOUNG_MS = 30 * MINUTE_MS;
/** For so long nothing new may have become late. */
const QUIET_MS = 2 * MINUTE_MS;

/**
 * Whether figures came just now, nothing new became late, and the minute is the right one. All in milliseconds.
 *
 * `age` and `quiet` are measured by a clock that is never set: a screen with a wrong clock would load again and again.
 */
export function isTimeToReload(now: number, age: number, quiet: number, isStale: boolean): boolean {
  const minute = Math.floor((now % HOUR_MS) / MINUTE_MS);
  // Indian time is half an hour off, so the minute of the hour there is another one.
  const indian = (minute + 30) % 60;
  return !isStale && indian === RELOAD_MINUTE && age >= YOUNG_MS && quiet >= QUIET_MS;
}
