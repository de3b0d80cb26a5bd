/** Telling the others what this officer looks at: a case or a work item, while the page shows it. */

import { useEffect } from "react";

import { api } from "./client.ts";
import { whenOpen } from "./stream.ts";

/** A case as `case:` with its number, or a work item as `task:` with its id. */
export type Subject = `case:${string}` | `task:${number}`;

/** The server counts a call for longer than this. */
const TELL_EVERY_MS = 20_000;
/** Pages whose streams opened in one moment call within this time. */
const SPREAD_MS = 2000;

const looked = new Map<Subject, number>();
let timer: ReturnType<typeof setInterval> | undefined;
let isDue = false;
let isTelling = false;

/** Tell the newest state. A call replaces the one before, so no two are under way at once. */
async function tell(): Promise<void> {
  isDue = true;
  if (isTelling) return;
  isTelling = true;
  // What is looked at changes in bursts while a page is drawn.
  await Promise.resolve();
  while (isDue) {
    isDue = false;
    // A page that is not seen is silent: another tab of the same session may tell what it shows.
    if (document.visibilityState !== "visible") break;
    // A call that is lost is made good by the next one.
    await api.PUT("/api/v1/presence", { body: { subjects: [...looked.keys()] } }).catch(() => undefined);
  }
  isTelling = false;
}

function tellAgain(): void {
  if (looked.size > 0) void tell();
}

/** Tell a little later. After a restart of the server all pages have a new stream at once. */
function tellSoon(): void {
  setTimeout(tellAgain, Math.random() * SPREAD_MS);
}

function change(subject: Subject, by: 1 | -1): void {
  const count = (looked.get(subject) ?? 0) + by;
  if (count > 0) looked.set(subject, count);
  else looked.delete(subject);
  void tell();
  if (looked.size > 0) timer ??= setInterval(tellAgain, TELL_EVERY_MS);
  else {
    clearInterval(timer);
    timer = undefined;
  }
}

// Another tab of the session may have told what this one does not show.
addEventListener("visibilitychange", () => void tell());
// A process hears calls only while it has a stream.
whenOpen(tellSoon);

/** Look at these while the component is there. */
export function useLooksAt(subjects: readonly Subject[]): void {
  const named = subjects.join(",");
  useEffect(() => {
    const wanted = named ? (named.split(",") as Subject[]) : [];
    for (const subject of wanted) change(subject, 1);
    return () => {
      for (const subject of wanted) change(subject, -1);
    };
  }, [named]);
}
