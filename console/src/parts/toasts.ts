/** Messages at the edge of the page. A message stays until it is read aloud by a screen reader and its time is over. */

import { useSyncExternalStore } from "react";

import type { Said } from "../text/sentences.ts";

export interface Message extends Said {
  readonly kind: "good" | "bad" | "plain";
  /** code of the problem behind it */
  readonly code?: string;
}

export interface Shown extends Message {
  readonly id: number;
}

const MOST = 4;
const SECONDS = { good: 5, plain: 8, bad: 20 };

let shown: readonly Shown[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

export function say(message: Message): void {
  last += 1;
  const id = last;
  change([...shown.filter((one) => one.text !== message.text), { ...message, id }].slice(-MOST));
  setTimeout(() => close(id), SECONDS[message.kind] * 1000);
}

export function close(id: number): void {
  change(shown.filter((one) => one.id !== id));
}

export function useMessages(): readonly Shown[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
}
