/**
 * What is newer than the list that was read: events of the stream, acts of this officer, and refusals of the server.
 * Each row listens to its own item, so that one change draws one row, however long the list is.
 */

import { useSyncExternalStore } from "react";

import type { Schemas } from "../../api/client.ts";
import { type StreamEvent, whenOpen } from "../../api/stream.ts";
import type { Said } from "../../text/sentences.ts";
import type { Line } from "./filters.ts";
import { forgetUnsent } from "./unsent.ts";

/** A work item as the list reads it. */
export type Task = Schemas["TaskView"];

type Change = Partial<Task>;

interface Newer {
  readonly change: Change;
  /** the moment of this browser at which it was heard */
  readonly at: number;
}

export interface Refusal extends Said {
  readonly code: string;
}

const newer = new Map<number, Newer>();
const refusals = new Map<number, Refusal>();
const lookers = new Map<number, readonly string[]>();
const listeners = new Map<number, Set<() => void>>();

function tell(taskId: number): void {
  for (const listener of listeners.get(taskId) ?? []) listener();
}

/** Note what is now true of an item. */
export function note(taskId: number, change: Change): void {
  newer.set(taskId, { change: { ...newer.get(taskId)?.change, ...change }, at: Date.now() });
  tell(taskId);
}

/** Show an act before the server answers; return what takes it back. */
export function showAct(taskId: number, change: Change): () => void {
  const before = newer.get(taskId);
  refusals.delete(taskId);
  note(taskId, change);
  const shown = newer.get(taskId);
  return () => {
    // What the stream said meanwhile stays.
    if (newer.get(taskId) !== shown) return;
    if (before) newer.set(taskId, before);
    else newer.delete(taskId);
    tell(taskId);
  };
}

const TASK = /^task:(\d+)$/;

/** Take an event of the queue: how an item is now, or who looks at it. */
export function hear(event: StreamEvent): void {
  if (event.kind === "task") hearLine(Number(event.id), event.data);
  else if (event.kind === "presence") {
    const found = TASK.exec(event.data.subject);
    if (found) hearLookers(Number(found[1]), event.data.officers.map((one) => one.officer_id));
  }
}

/** A line without data is of an item that this officer sees no more. */
function hearLine(taskId: number, line: Line | null): void {
  if (line === null) note(taskId, { state: "closed" });
  else {
    const { task_id: _, cause: __, case_ack_no: ___, institution: ____, due_at: _____, rank_paise: ______, ...change } = line;
    note(taskId, change);
  }
}

function hearLookers(taskId: number, officers: readonly string[]): void {
  lookers.set(taskId, officers);
  tell(taskId);
}

// A stream begins with everything that others look at now.
whenOpen(() => {
  const before = [...lookers.keys()];
  lookers.clear();
  for (const taskId of before) tell(taskId);
});

export function refuse(taskId: number, refusal: Refusal): void {
  refusals.set(taskId, refusal);
  tell(taskId);
}

/** An act on an item is done: no refusal stands any more, and what was typed is sent. */
export function forgive(taskId: number): void {
  forgetUnsent(taskId);
  refusals.delete(taskId);
  tell(taskId);
}

/** Return an item with what was heard since it was read. */
export function merged(task: Task, readAt: number): Task {
  const found = newer.get(task.task_id);
  return found && found.at >= readAt ? { ...task, ...found.change } : task;
}

function subscribe(taskId: number, listener: () => void): () => void {
  const found = listeners.get(taskId) ?? new Set();
  listeners.set(taskId, found.add(listener));
  return () => {
    found.delete(listener);
    if (found.size === 0) listeners.delete(taskId);
  };
}

function useOf<Value>(taskId: number, read: () => Value): Value {
  return useSyncExternalStore((listener) => subscribe(taskId, listener), read);
}

const NO_LOOKERS: readonly string[] = [];
const NOTHING_HEARD: Change = {};

/** An item as it is now. */
export function useLive(task: Task, readAt: number): Task {
  const found = useOf(task.task_id, () => newer.get(task.task_id));
  return found && found.at >= readAt ? { ...task, ...found.change } : task;
}

/** What was heard of an item since a list was read that shows only a part of it. */
export function useHeard(taskId: number | null, readAt: number): Change {
  // No item has the id 0.
  const found = useOf(taskId ?? 0, () => newer.get(taskId ?? 0));
  return found && found.at >= readAt ? found.change : NOTHING_HEARD;
}

export function useRefusal(taskId: number): Refusal | undefined {
  return useOf(taskId, () => refusals.get(taskId));
}

/** Ids of the officers who look at an item. */
export function useLookers(taskId: number): readonly string[] {
  return useOf(taskId, () => lookers.get(taskId) ?? NO_LOOKERS);
}
