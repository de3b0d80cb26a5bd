/** One act on many items: those that are ticked, or all of the filter. The answer says of each what became of it. */

import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok, type Problem, problemOf } from "../../api/problem.ts";
import { Modal } from "../../parts/Modal.tsx";
import { SaidText, Why } from "../../parts/SaidText.tsx";
import { fetchSentences, type Said, saidOf } from "../../text/sentences.ts";
import { deskCommands } from "./commands.ts";
import { PassOn, Reason, Snooze, Sure } from "./dialogs.tsx";
import { bodyOf, type Filter } from "./filters.ts";
import { forgive, refuse } from "./live.ts";
import { readAgain } from "./queue.ts";
import { desk } from "./text.ts";

export type BulkVerb = "take" | "pass_on" | "snooze" | "close";

/** Which items: ticked ones with their versions, or a filter and how many it finds. */
export type Chosen =
  | { readonly refs: readonly Schemas["TaskRef"][] }
  | { readonly filter: Filter; readonly count: number };

const AT_ONCE = 200;
/** The server's own limit of one call times this is far above any queue. */
const CALLS_MAX = 200;

type Target = { tasks: Schemas["TaskRef"][] } | { filter: Schemas["TaskFilter"]; after?: string };
type Outcome = Schemas["BulkOutcome"];
type Send = (target: Target) => Promise<Outcome>;

/** Do an act on all, in calls of the server's limit, and tell the progress. */
async function each(chosen: Chosen, send: Send, progress: (items: Outcome["items"]) => Promise<void>): Promise<void> {
  if ("refs" in chosen) {
    for (let at = 0; at < chosen.refs.length; at += AT_ONCE) {
      await progress((await send({ tasks: chosen.refs.slice(at, at + AT_ONCE) })).items);
    }
    return;
  }
  const filter = bodyOf(chosen.filter);
  let after: string | null = null;
  for (let calls = 0; calls < CALLS_MAX; calls += 1) {
    const found: Outcome = await send({ filter, ...(after !== null && { after }) });
    await progress(found.items);
    if (found.next === null) return;
    after = found.next;
  }
}

/** Why an act on one of many items was refused. */
function whyNot({ code, params, says }: Outcome["items"][number]): Said {
  return saidOf({ code: code ?? "", params: params ?? {} }) ?? { text: says ?? "", lang: "en" };
}

interface Progress {
  readonly done: number;
  readonly failed: Outcome["items"];
  readonly isOver: boolean;
  readonly broke: Problem | null;
}

const BEFORE: Progress = { done: 0, failed: [], isOver: false, broke: null };

export function Bulk({
  verb,
  chosen,
  filter,
  nameOf,
  close,
}: {
  verb: BulkVerb;
  chosen: Chosen;
  filter: Filter;
  nameOf: (taskId: number) => string;
  close: (isDone: boolean) => void;
}): ReactNode {
  const t = desk.use();
  const client = useQueryClient();
  const [progress, setProgress] = useState<Progress | null>(null);
  const count = "refs" in chosen ? chosen.refs.length : chosen.count;
  const title = deskCommands[verb].label();
  const about = t.count("refs" in chosen ? "bulk_ticked" : "bulk_filter", count);

  const run = (send: Send): void => {
    setProgress(BEFORE);
    // The answer names refusals as codes, so their sentences are needed before it is shown.
    const note = async (items: Outcome["items"]): Promise<void> => {
      await fetchSentences();
      for (const one of items) {
        if (one.done) forgive(one.task_id);
        else refuse(one.task_id, { ...whyNot(one), code: one.code ?? "" });
      }
      const failed = items.filter((one) => !one.done);
      setProgress((now) => {
        const before = now ?? BEFORE;
        return { ...before, done: before.done + items.length - failed.length, failed: [...before.failed, ...failed] };
      });
    };
    each(chosen, send, note)
      .catch((error: unknown) => setProgress((now) => ({ ...(now ?? BEFORE), broke: problemOf(error) })))
      .finally(() => {
        setProgress((now) => ({ ...(now ?? BEFORE), isOver: true }));
        void readAgain(client, filter, t.language);
        void client.invalidateQueries({ queryKey: ["desk", "counts"] });
      });
  };
  if (progress !== null) return <Outcomes title={title} count={count} progress={progress} nameOf={nameOf} close={() => close(true)} />;
  const shared = { title, about, close: () => close(false) };
  switch (verb) {
    case "take":
      return <Sure {...shared} run={() => run((target) => ok(api.POST("/api/v1/desk/tasks/claim", { body: target })))} />;
    case "pass_on":
      return (
        <PassOn {...shared} run={(gift) => run((target) => ok(api.POST("/api/v1/desk/tasks/pass-on", { body: { ...target, ...gift } })))} />
      );
    case "snooze":
      return (
        <Snooze {...shared} run={(terms) => run((target) => ok(api.POST("/api/v1/desk/tasks/snooze", { body: { ...target, ...terms } })))} />
      );
    case "close":
      return (
        <Reason {...shared} run={(reason) => run((target) => ok(api.POST("/api/v1/desk/tasks/close", { body: { ...target, reason } })))} />
      );
  }
}

function Outcomes({
  title,
  count,
  progress,
  nameOf,
  close,
}: {
  title: string;
  count: number;
  progress: Progress;
  nameOf: (taskId: number) => string;
  close: () => void;
}): ReactNode {
  const t = desk.use();
  return (
    <Modal title={title} close={close}>
      <p role="status">
        {t("bulk_done", { done: progress.done, count })} {progress.isOver ? "" : t("bulk_running")}
      </p>
      {progress.broke && (
        <p className="note bad">
          <Why of={progress.broke} />
        </p>
      )}
      {progress.failed.length > 0 && (
        <>
          <p className="sm b">{t.count("bulk_failed", progress.failed.length)}</p>
          <ul className="outcomes sm">
            {progress.failed.map((one) => (
              <li key={one.task_id}>
                {nameOf(one.task_id)}: <SaidText said={whyNot(one)} />
              </li>
            ))}
          </ul>
        </>
      )}
      <button type="button" className="btn" autoFocus onClick={close}>
        {t("close_dialog")}
      </button>
    </Modal>
  );
}
