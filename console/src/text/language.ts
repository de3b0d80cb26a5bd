/** The language of the pages. The browser keeps the choice; it says nothing of a case or a person. */

import { useSyncExternalStore } from "react";

export type Language = "en" | "hi";
export const LANGUAGES: readonly Language[] = ["en", "hi"];

const KEPT_AS = "goldenhour.language";
const listeners = new Set<() => void>();
let current: Language = kept();

function kept(): Language {
  try {
    return localStorage.getItem(KEPT_AS) === "hi" ? "hi" : "en";
  } catch {
    return "en";
  }
}

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  current = next;
  try {
    localStorage.setItem(KEPT_AS, next);
  } catch {
    // A browser that keeps nothing shows the language until it is closed.
  }
  mark();
  for (const listener of listeners) listener();
}

/** Tell the browser and screen readers which language the page is in. */
export function mark(): void {
  document.documentElement.lang = current;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, language);
}
