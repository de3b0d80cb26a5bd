/** Light or dark: as the system has it, until the officer chooses. The browser keeps the choice. */

import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEPT_AS = "goldenhour.theme";
const listeners = new Set<() => void>();
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | null {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null;
  }
}

export function theme(): Theme {
  const shown = document.documentElement.dataset["theme"];
  return shown === "dark" ? "dark" : "light";
}

function show(next: Theme): void {
  document.documentElement.dataset["theme"] = next;
  for (const listener of listeners) listener();
}

export function setTheme(next: Theme): void {
  try {
    localStorage.setItem(KEPT_AS, next);
  } catch {
    // Such a browser forgets the choice when it is closed.
  }
  show(next);
}

/** Show the chosen theme, and follow the system without a choice. */
export function startTheme(): void {
  const follow = (): void => show(chosen() ?? (system.matches ? "dark" : "light"));
  system.addEventListener("change", follow);
  follow();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, theme);
}
