/**
 * The language of the pages. The browser keeps the choice in a cookie, which the page of the sign-in reads and writes too.
 * It says nothing of a case or a person.
 */

import { useSyncExternalStore } from "react";

export type Language = "en" | "hi";
export const LANGUAGES: readonly Language[] = ["en", "hi"];

const COOKIE = "__Host-goldenhour-language";
const KEPT_SECONDS = 365 * 86_400;
const listeners = new Set<() => void>();
let current: Language = kept();

/** Return the language that was chosen, else the first of the browser's that there is. */
function kept(): Language {
  // Tests read texts without a browser.
  if (typeof document === "undefined") return "en";
  const chosen = document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`));
  const names = [chosen?.slice(COOKIE.length + 1) ?? "", ...navigator.languages.map((one) => one.slice(0, 2))];
  return names.find((one): one is Language => (LANGUAGES as readonly string[]).includes(one)) ?? "en";
}

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  current = next;
  document.cookie = `${COOKIE}=${next}; Path=/; Max-Age=${KEPT_SECONDS}; Secure; SameSite=Strict`;
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
