/** What came into the queue since it was read. It is announced, and shown when the officer wants it. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { type StreamEvent, useTopics } from "../../api/stream.ts";
import { serverNow } from "../../text/clock.ts";
import { type Filter, fits, keyOf, type Line } from "./filters.ts";
import { hear } from "./live.ts";
import { readOnceMore } from "./queue.ts";

/**
 * The stream tells nothing of what changed between the reading of the list and its own beginning, so the list is read
 * once more, when its first rows are drawn.
 */
const READ_AGAIN_AFTER_MS = 2000;
/** Counts of filters are made again at most so often while the queue changes. */
const COUNT_EVERY_MS = 3000;

export interface Known {
  readonly ids: ReadonlySet<number>;
  /** rank of the last item that is read while more of them wait at the server; 0 if all are read */
  readonly lastPaise: number;
}

/** Hear the stream of the queue. Return the new items that are not in the list, and what forgets them. */
export function useArrived(filter: Filter, known: Known): readonly [readonly Line[], () => void] {
  const [arrived, setArrived] = useState<ReadonlyMap<number, Line>>(new Map());
  const count = useCountAgain();
  const readAgain = useReadAgain();
  const key = keyOf(filter);
  useEffect(() => setArrived(new Map()), [key]);

  const look = (taskId: number, line: Line | null): void => {
    const isNew =
      line !== null &&
      !known.ids.has(taskId) &&
      (line.in_play_paise ?? Number.POSITIVE_INFINITY) >= known.lastPaise &&
      fits(line, filter, serverNow());
    setArrived((before) => {
      if (!isNew && !before.has(taskId)) return before;
      const after = new Map(before);
      if (isNew) after.set(taskId, line);
      else after.delete(taskId);
      return after;
    });
  };
  useTopics(["queue"], (event: StreamEvent) => {
    hear(event);
    if (event.kind === "task") look(Number(event.id), event.data);
    if (event.kind === "task" || event.kind === "counts") count();
    if (event.kind === "reset" && event.data === "new") readAgain();
  });
  return [[...arrived.values()].filter((line) => !known.ids.has(line.task_id)), () => setArrived(new Map())];
}

/** Return what has the list read again a little later. */
function useReadAgain(): () => void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void readOnceMore(client), READ_AGAIN_AFTER_MS);
  };
}

/** Return what has the counts read again, at once or a little later. */
function useCountAgain(): () => void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: ["desk", "counts"] });
    }, COUNT_EVERY_MS);
  };
}
