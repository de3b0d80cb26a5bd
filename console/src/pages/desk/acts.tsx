/** The acts of the chosen item: at once where nothing is to be asked, else by a dialog. */

import { type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { serverNow } from "../../text/clock.ts";
import type { BulkVerb } from "./bulk.tsx";
import { deskCommands } from "./commands.ts";
import type { Acts } from "./Detail.tsx";
import { PassOn, Reason, Snooze } from "./dialogs.tsx";
import { ownerNow } from "./filters.ts";
import { forgive, merged, refuse, showAct, type Task } from "./live.ts";
import { readNewest } from "./queue.ts";
import { desk } from "./text.ts";
import { type Item, useVerbs, type Verbs } from "./verbs.ts";

type Asking = "take_over" | "pass_on" | "snooze" | "close" | "ask_again";

interface WithReason {
  readonly item: Item;
  readonly reason: string;
}

/** Close an item, with the reason. */
function useClose() {
  return useVerb({
    run: ({ item: { task }, reason }: WithReason) =>
      ok(
        api.POST("/api/v1/desk/tasks/{task_id}/close", { params: { path: { task_id: task.task_id } }, body: { reason } }),
      ),
    show: (_, { item }) => showAct(item.task.task_id, { state: "closed" }),
    done: (_, { item }) => forgive(item.task.task_id),
    refused: (problem, { item }) => refuse(item.task.task_id, { ...problem.said(), code: problem.code }),
  });
}

/** Have the bank asked again. */
function useAskAgain() {
  const { language } = desk.use();
  return useVerb({
    run: ({ item: { task }, reason }: WithReason) =>
      ok(
        api.POST("/api/v1/cases/{ack_no}/requests/{request_id}/send-again", {
          params: { path: { ack_no: task.case_ack_no ?? "", request_id: task.request_id ?? "" } },
          body: { reason },
        }),
      ),
    done: (_, { item }) => {
      forgive(item.task.task_id);
      void readNewest(item.task, language).catch(() => undefined);
    },
    refused: (problem, { item }) => refuse(item.task.task_id, { ...problem.said(), code: problem.code }),
  });
}

/**
 * Return the acts of an item, the verbs behind them, and the dialog that is open.
 *
 * With a selection, an act is about the selection: `orMany` then gives what begins it.
 */
export function useActs(
  item: Item | undefined,
  orMany: (verb: BulkVerb) => (() => void) | null,
): { acts: Acts; verbs: Verbs; dialog: ReactNode } {
  const t = desk.use();
  const verbs = useVerbs(useSession().officer_id);
  const close = useClose();
  const askAgain = useAskAgain();
  const [asked, setAsked] = useState<{ readonly what: Asking; readonly item: Item } | null>(null);
  const ask = (what: Asking): void => {
    if (item) setAsked({ what, item });
  };
  const acts: Acts = {
    take: orMany("take") ?? (() => item && verbs.claim.act(item)),
    takeOver: () => ask("take_over"),
    passOn: orMany("pass_on") ?? (() => ask("pass_on")),
    snooze: orMany("snooze") ?? (() => ask("snooze")),
    release: orMany("release") ?? (() => item && verbs.release.act(item)),
    close: orMany("close") ?? (() => ask("close")),
    askAgain: () => ask("ask_again"),
  };
  if (asked === null) return { acts, verbs, dialog: null };
  const end = (): void => setAsked(null);
  const shared = {
    title: deskCommands[asked.what].label(),
    about: aboutOf(t, merged(asked.item.task, asked.item.readAt)),
    unsent: `${asked.item.task.task_id} ${asked.what}` as const,
    close: end,
  };
  const then =
    <Input,>(run: (input: Input) => void) =>
    (input: Input): void => {
      end();
      run(input);
    };
  const chosen = asked.item;
  /** Only the owner passes an item on or lets it sleep, so a free one is taken first. */
  const asOwner = async (act: () => void): Promise<void> => {
    const isFree = ownerNow(merged(chosen.task, chosen.readAt), serverNow()) === null;
    try {
      if (isFree) await verbs.claim.ask(chosen);
    } catch {
      // The row says why the item could not be taken.
      return;
    }
    act();
  };
  const dialogs: Readonly<Record<Asking, ReactNode>> = {
    take_over: <Reason {...shared} run={then((reason) => verbs.takeOver.act({ ...chosen, reason }))} />,
    pass_on: <PassOn {...shared} run={then((gift) => void asOwner(() => verbs.passOn.act({ ...chosen, ...gift })))} />,
    snooze: <Snooze {...shared} run={then((terms) => void asOwner(() => verbs.snooze.act({ ...chosen, ...terms })))} />,
    close: <Reason {...shared} run={then((reason) => close.act({ item: chosen, reason }))} />,
    ask_again: <Reason {...shared} run={then((reason) => askAgain.act({ item: chosen, reason }))} />,
  };
  return { acts, verbs, dialog: dialogs[asked.what] };
}

/** Which item an act is about, in a line. */
function aboutOf(t: ReturnType<typeof desk.use>, task: Task): string {
  return t("about_item", {
    kind: t(`kind.${task.kind}`),
    bank: task.institution?.name ?? t("no_bank"),
    number: task.case_ack_no ?? "–",
  });
}
