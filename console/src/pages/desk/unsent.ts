/** What was typed for an act that is not done, so that a refusal loses nothing. In memory only, because it is personal. */

import { useState } from "react";

/** An act on an item and a field of its form, or the note of a shift; "" for a form that keeps nothing. */
export type UnsentKey = "" | `${number} ${string}` | NoteKey;

/** The note of a shift: by the number of its record, or by team and end before the record is there. */
export type NoteKey = `shift ${string}`;

const unsent = new Map<UnsentKey, string>();

/** A text of a form that is there again when the form is opened for the same act; `first` stands there before it. */
export function useUnsent(key: UnsentKey, first = ""): readonly [text: string, change: (text: string) => void] {
  const [text, setText] = useState(() => unsent.get(key) ?? first);
  const change = (typed: string): void => {
    if (key !== "") unsent.set(key, typed);
    setText(typed);
  };
  return [text, change];
}

/** Forget what was typed for a note, because it is saved. */
export function forgetNote(key: NoteKey): void {
  unsent.delete(key);
}

/** Forget what was typed for an item, because an act on it is done. */
export function forgetUnsent(taskId: number): void {
  for (const key of unsent.keys()) if (key.startsWith(`${taskId} `)) unsent.delete(key);
}
