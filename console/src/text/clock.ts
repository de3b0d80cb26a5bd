/** The server's time, which clocks of all pages show. The clock of an officer's machine may be wrong. */

import { useSyncExternalStore } from "react";

/** The server's clock is ahead of ours by something between these, in milliseconds. */
let least = -Infinity;
let most = Infinity;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let shown = Date.now();

/** Narrow the difference by one answer: its `Date` header names a second between the sending and the receipt. */
export function learn(header: string | null, sentAt: number, receivedAt: number): void {
  const second = header === null ? Number.NaN : Date.parse(header);
  if (!Number.isNaN(second)) narrow(second - receivedAt, second + 1000 - sentAt);
}

/** Take the server's exact time, as an event of the stream has it. */
export function learnExact(serverAt: number, receivedAt: number): void {
  narrow(serverAt - receivedAt, serverAt - receivedAt + 1000);
}

function narrow(low: number, high: number): void {
  // A clock was set if nothing fits both.
  const fits = low <= most && high >= least;
  least = fits ? Math.max(least, low) : low;
  most = fits ? Math.min(most, high) : high;
}

function offset(): number {
  return Number.isFinite(least) ? (least + most) / 2 : 0;
}

export function serverNow(): number {
  return Date.now() + offset();
}

function subscribe(listener: () => void): () => void {
  if (timer === undefined) {
    shown = Math.floor(serverNow() / 1000) * 1000;
    timer = setInterval(tick, 250);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Tell all clocks when a second is over, so that they change together. */
function tick(): void {
  const now = Math.floor(serverNow() / 1000) * 1000;
  if (now === shown) return;
  shown = now;
  for (const listener of listeners) listener();
}

/** The server's time to the second; the caller is drawn again each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => shown);
}
