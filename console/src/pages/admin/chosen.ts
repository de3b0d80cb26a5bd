/** The officer whose details are open. It stands in the memory alone, because an id may be an e-mail address. */

import { useSyncExternalStore } from "react";

let chosen: string | null = null;
const listeners = new Set<() => void>();

export function chooseOfficer(officerId: string | null): void {
  chosen = officerId;
  for (const listener of listeners) listener();
}

export function useChosenOfficer(): string | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => chosen,
  );
}
