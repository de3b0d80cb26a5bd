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

export type BulkVerb = "take" | "pass_on" | "release" | "snooze" | "close";
export const BULK_VERBS: readonly BulkVerb[] = ["take", "pass_on", "release", "snooze", "close"];

/** Which items: ticked ones with their versions, or a filter and how many it finds. */
export type Chosen =
  | { readonly refs: readonly Schemas["TaskRef"][] }
  | { readonly filter: Filter; readonly count: number };

/** Each item is an act of its own at the server. A busy one does so many within the patience of a call, and it shows progress. */
const AT_ONCE = 25;
/** So many calls are far above any queue. */
const CALLS_MAX = 1_000;

type Target = { tasks: Schemas["TaskRef"][] } | { filter: Schemas["TaskFilter"]; after?: string; most: number };
type Outcome = Schemas["BulkOutcome"];
type Send = (target: Target) => Promise<Outcome>;

/** Where an act on many goes on: the number of ticked ones that were sent, and the place in the filter. */
interface Place {
  readonly sent: number;
  readonly after: string | null;
}

const BEGINNING: Place = { sent: 0, after: null };

/** Do an act on all from a place on, in calls of the server's limit. Tell the progress, and the place that follows. */
async function each(
  chosen: Chosen,
  from: Place,
  send: Send,
  progress: (items: Outcome["items"], next: Place) => Promise<void>,
): Promise<void> {
  if ("refs" in chosen) {
    for (let at = from.sent; at < chosen.refs.length; at += AT_ONCE) {
      const { items } = await send({ tasks: chosen.refs.slice(at, at + AT_ONCE) });
      await progress(items, { sent: at + AT_ONCE, after: null });
    }
    return;
  }
  const filter = bodyOf(chosen.filter);
  let { after } = from;
  for (let calls = 0; calls < CALLS_MAX; calls += 1) {
    const found: Outcome = await send({ filter, most: AT_ONCE, ...(after !== null && { after }) });
    await progress(found.items, { sent: 0, after: found.next });
    if (found.next === null) return;
    after = found.next;
  }
}

/** Why an act on one of many items was refused. */
function whyNot({ code, params, says }: Outcome["items"][number]): Said {
  return saidOf({ code: code ?? "", params: params ?? {} }) ?? { text: says ?? "", lang: "en" };
}

interface Progress {
  readonly verb: BulkVerb;
  readonly chosen: Chosen;
  readonly send: Send;
  readonly done: number;
  /** those of the done ones that this act changed; the others were so before */
  readonly changed: readonly Schemas["TaskRef"][];
  readonly failed: Outcome["items"];
  readonly next: Place;
  readonly isOver: boolean;
  readonly broke: Problem | null;
}

const giveBack: Send = (target) => ok(api.POST("/api/v1/desk/tasks/release", { body: target }));

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
  nameOf: (one: Outcome["items"][number]) => string;
  close: (isDone: boolean) => void;
}): ReactNode {
  const t = desk.use();
  const client = useQueryClient();
  const [progress, setProgress] = useState<Progress | null>(null);
  const about = t.count("refs" in chosen ? "bulk_ticked" : "bulk_filter", countOf(chosen));

  const goOn = (begun: Progress): void => {
    setProgress(begun);
    const change = (next: (now: Progress) => Partial<Progress>): void =>
      setProgress((now) => ({ ...(now ?? begun), ...next(now ?? begun) }));
    // The answer names refusals as codes, so their sentences are needed before it is shown.
    const note = async (items: Outcome["items"], next: Place): Promise<void> => {
      await fetchSentences();
      for (const one of items) {
        if (one.done) forgive(one.task_id);
        else refuse(one.task_id, { ...whyNot(one), code: one.code ?? "" });
      }
      const changed = items.flatMap(({ task_id, version }) => (version == null ? [] : [{ task_id, version }]));
      const failed = items.filter((one) => !one.done);
      change((now) => ({
        done: now.done + items.length - failed.length,
        changed: [...now.changed, ...changed],
        failed: [...now.failed, ...failed],
        next,
      }));
    };
    each(begun.chosen, begun.next, begun.send, note)
      .catch((error: unknown) => change(() => ({ broke: problemOf(error) })))
      .finally(() => {
        change(() => ({ isOver: true }));
        void readAgain(client, filter, t.language);
        void client.invalidateQueries({ queryKey: ["desk", "counts"] });
      });
  };
  const begin = (of: BulkVerb, what: Chosen, send: Send): void =>
    goOn({ verb: of, chosen: what, send, done: 0, changed: [], failed: [], next: BEGINNING, isOver: false, broke: null });
  const run = (send: Send): void => begin(verb, chosen, send);
  if (progress !== null) {
    return (
      <Outcomes
        progress={progress}
        nameOf={nameOf}
        goOn={() => goOn({ ...progress, isOver: false, broke: null })}
        undo={() => begin("release", { refs: progress.changed }, giveBack)}
        close={() => close(true)}
      />
    );
  }
  const shared = { title: deskCommands[verb].label(), about, close: () => close(false) };
  switch (verb) {
    case "take":
      return <Sure {...shared} run={() => run((target) => ok(api.POST("/api/v1/desk/tasks/claim", { body: target })))} />;
    case "pass_on":
      return (
        <PassOn {...shared} run={(gift) => run((target) => ok(api.POST("/api/v1/desk/tasks/pass-on", { body: { ...target, ...gift } })))} />
      );
    case "release":
      return <Sure {...shared} run={() => run(giveBack)} />;
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

function countOf(chosen: Chosen): number {
  return "refs" in chosen ? chosen.refs.length : chosen.count;
}

function Outcomes({
  progress,
  nameOf,
  goOn,
  undo,
  close,
}: {
  progress: Progress;
  nameOf: (one: Outcome["items"][number]) => string;
  goOn: () => void;
  undo: () => void;
  close: () => void;
}): ReactNode {
  const t = desk.use();
  const { verb, done, changed, isOver, broke } = progress;
  return (
    <Modal title={deskCommands[verb].label()} close={close}>
      <p role="status">
        {t("bulk_done", { done, count: countOf(progress.chosen) })} {isOver ? "" : t("bulk_running")}
      </p>
      {broke && (
        <p className="note bad">
          <Why of={broke} /> {t("bulk_broke")}
        </p>
      )}
      {progress.failed.length > 0 && (
        <>
          <p className="sm b">{t.count("bulk_failed", progress.failed.length)}</p>
          <ul className="outcomes sm">
            {progress.failed.map((one) => (
              <li key={one.task_id}>
                {nameOf(one)}: <SaidText said={whyNot(one)} />
              </li>
            ))}
          </ul>
        </>
      )}
      <div className="row">
        {isOver && broke && (
          <button type="button" className="btn" onClick={goOn}>
            {t("bulk_go_on")}
          </button>
        )}
        {isOver && verb === "take" && changed.length > 0 && (
          <button type="button" className="btn" onClick={undo}>
            {t.count("bulk_undo", changed.length)}
          </button>
        )}
        <button type="button" className="btn" autoFocus onClick={close}>
          {t("close_dialog")}
        </button>
      </div>
    </Modal>
  );
}
