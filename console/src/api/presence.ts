/** Telling the others what this officer looks at: a case or a work item, while the page shows it. */

import { useEffect } from "react";

import { api } from "./client.ts";
import { whenOpen } from "./stream.ts";

/** A case as `case:` with its number, or a work item as `task:` with its id. */
export type Subject = `case:${string}` | `task:${number}`;

/** The server counts a call for longer than this. */
const TELL_EVERY_MS = 20_000;

const looked = new Map<Subject, number>();
let timer: ReturnType<typeof setInterval> | undefined;

function tell(): void {
  // A page that nobody sees looks at nothing.
  const subjects = document.visibilityState === "visible" ? [...looked.keys()] : [];
  // A call that is lost is made good by the next one.
  api.PUT("/api/v1/presence", { body: { subjects } }).catch(() => undefined);
}

function change(subject: Subject, by: 1 | -1): void {
  const count = (looked.get(subject) ?? 0) + by;
  if (count > 0) looked.set(subject, count);
  else looked.delete(subject);
  tell();
  if (looked.size > 0) timer ??= setInterval(tell, TELL_EVERY_MS);
  else {
    clearInterval(timer);
    timer = undefined;
  }
}

// A server without a stream hears no call, and one that was started again knows none.
whenOpen(() => {
  if (looked.size > 0) tell();
});

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
