/** Parts of a page whose code is fetched later, because the first sight of the page does not need it. */

import { type ComponentType, lazy, type ReactNode, Suspense, useState } from "react";

import { fetchCode } from "./fetchCode.ts";

/** The pages fetch such code by themselves so long after the first drawing. */
const QUIET_MS = 2_000;

const waiting = new Set<() => Promise<unknown>>();

/**
 * Return a component whose code is fetched when it is drawn first, or earlier by `fetchLater`.
 *
 * Code that is there is drawn at once. React alone would show nothing for a third of a second.
 */
export function later<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): ComponentType<Props> {
  let fetched: ComponentType<Props> | null = null;
  const fetchPart = async (): Promise<{ default: ComponentType<Props> }> => {
    const found = await fetchCode(load);
    fetched = found.default;
    return found;
  };
  const Lazy = lazy(fetchPart);
  waiting.add(fetchPart);
  return function Later(props: Props): ReactNode {
    // The choice stays, because another component would begin from nothing.
    const [Part] = useState<ComponentType<Props>>(() => fetched ?? Lazy);
    return (
      <Suspense>
        <Part {...props} />
      </Suspense>
    );
  };
}

/** Fetch the code of all such parts once the page is quiet; return what stops that. */
export function fetchLater(): () => void {
  const timer = setTimeout(() => {
    // A part that is needed fetches its code again, and says what fails.
    for (const fetchPart of waiting) fetchPart().catch(() => undefined);
    waiting.clear();
  }, QUIET_MS);
  return () => clearTimeout(timer);
}
