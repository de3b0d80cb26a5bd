/** Acts on one work item: shown at once, and taken back with the server's own reason in the row. */

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb, type Verb } from "../../api/verb.ts";
import { serverNow } from "../../text/clock.ts";
import { forgive, merged, note, refuse, showAct, type Task } from "./live.ts";
import { readNewest } from "./queue.ts";
import { desk } from "./text.ts";

/** Shown until the server names the true end of the lease. */
const LEASE_SHOWN_MS = 600_000;

export interface Item {
  readonly task: Task;
  readonly readAt: number;
}

type Standing = Schemas["TaskStanding"];

/** Until when an item sleeps, and the event of its case that wakes it earlier. */
export type SnoozeTerms = Required<Pick<Schemas["Snooze"], "until" | "for_event">>;

const path = (task: Task) => ({ path: { task_id: task.task_id } });

/** Make one act on an item. `shows` says what the officer sees before the server answers. */
function useItemVerb<More extends object>(
  run: (task: Task, more: More) => Promise<Standing>,
  shows: (task: Task, more: More) => Partial<Task>,
): Verb<Item & More, Standing> {
  const { language } = desk.use();
  return useVerb<Item & More, Standing>({
    run: (input) => run(merged(input.task, input.readAt), input),
    show: (_client, input) => showAct(input.task.task_id, shows(merged(input.task, input.readAt), input)),
    done: ({ task_id, version, owner, lease_ends_at, snoozed_until }) => {
      note(task_id, { version, owner, lease_ends_at, snoozed_until });
      forgive(task_id);
    },
    refused: (problem, { task }) => {
      refuse(task.task_id, { ...problem.said(), code: problem.code });
      // The row shows who was faster, also while the stream is broken.
      void readNewest(task, language).catch(() => undefined);
    },
  });
}

function owned(owner: string): Partial<Task> {
  return { owner, snoozed_until: null, lease_ends_at: new Date(serverNow() + LEASE_SHOWN_MS).toISOString() };
}

const FREE: Partial<Task> = { owner: null, lease_ends_at: null };

export interface Verbs {
  readonly claim: Verb<Item, Standing>;
  readonly takeOver: Verb<Item & { reason: string }, Standing>;
  readonly passOn: Verb<Item & { to: string; note: string }, Standing>;
  readonly release: Verb<Item, Standing>;
  readonly snooze: Verb<Item & SnoozeTerms, Standing>;
}

/** The acts that change who has an item. */
export function useVerbs(officerId: string): Verbs {
  return {
    claim: useItemVerb(
      (task) =>
        ok(api.POST("/api/v1/desk/tasks/{task_id}/claim", { params: path(task), body: { version: task.version } })),
      () => owned(officerId),
    ),
    takeOver: useItemVerb<{ reason: string }>(
      (task, { reason }) =>
        ok(
          api.POST("/api/v1/desk/tasks/{task_id}/take-over", {
            params: path(task),
            body: { version: task.version, reason },
          }),
        ),
      () => owned(officerId),
    ),
    passOn: useItemVerb<{ to: string; note: string }>(
      (task, { to, note: text }) =>
        ok(
          api.POST("/api/v1/desk/tasks/{task_id}/pass-on", {
            params: path(task),
            body: { version: task.version, to, note: text },
          }),
        ),
      (_, { to }) => owned(to),
    ),
    release: useItemVerb(
      (task) =>
        ok(api.POST("/api/v1/desk/tasks/{task_id}/release", { params: path(task), body: { version: task.version } })),
      () => FREE,
    ),
    snooze: useItemVerb<SnoozeTerms>(
      (task, { until, for_event }) =>
        ok(
          api.POST("/api/v1/desk/tasks/{task_id}/snooze", {
            params: path(task),
            body: { version: task.version, until, for_event },
          }),
        ),
      (_, { until }) => ({ ...FREE, snoozed_until: until }),
    ),
  };
}
