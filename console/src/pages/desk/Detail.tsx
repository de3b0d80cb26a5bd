/** The chosen work item: what to do, whom to call, what to say, and what the bank says. */

import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";

import { type Subject, useLooksAt } from "../../api/presence.ts";
import { PAGES } from "../../app/pages.ts";
import { useSession } from "../../app/session.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { Rupees } from "../../parts/money.tsx";
import { SaidText } from "../../parts/SaidText.tsx";
import { Since, Until } from "../../parts/time.tsx";
import { useNow } from "../../text/clock.ts";
import { deskCommands } from "./commands.ts";
import { ownerNow, sleepsNow, startOf } from "./filters.ts";
import { type Task, useLive, useLookers, useRefusal } from "./live.ts";
import { PhoneAnswer, type Telephoned } from "./PhoneAnswer.tsx";
import { readNewest } from "./queue.ts";
import { Flags } from "./Row.tsx";
import { BankOfficers, Script } from "./Telephone.tsx";
import { desk } from "./text.ts";
import type { Item } from "./verbs.ts";

/** What the page can do with the item in front of the officer. */
export interface Acts {
  readonly take: () => void;
  readonly takeOver: () => void;
  readonly passOn: () => void;
  readonly snooze: () => void;
  readonly release: () => void;
  readonly close: () => void;
  readonly askAgain: () => void;
}

const SETTLED_AFTER_MS = 500;
const hasCasePage = PAGES.some((one) => one.name === "case");

export function Detail({
  item,
  acts,
  isOpened,
  districtName,
}: {
  item: Item;
  acts: Acts;
  /** grows when the officer opens the item, which moves the focus here */
  isOpened: number;
  districtName: (code: string | null) => string;
}): ReactNode {
  const t = desk.use();
  const task = useLive(item.task, item.readAt);
  const now = useNow();
  const refusal = useRefusal(task.task_id);
  const ackNo = task.case_ack_no;
  const subjects: Subject[] = [`task:${task.task_id}`, ...(ackNo === null ? [] : [`case:${ackNo}` as const])];
  useLooksAt(useIsSettled() ? subjects : []);
  const place = useRef<HTMLElement>(null);
  const [foot, setFoot] = useState<HTMLElement | null>(null);
  const opened = useRef(isOpened);
  useEffect(() => {
    if (opened.current === isOpened) return;
    opened.current = isOpened;
    const line = place.current?.querySelector<HTMLElement>(".ln, .take-focus");
    (line ?? place.current)?.focus();
  });
  const leave = (event: KeyboardEvent): void => {
    // Back to the queue, from a field too.
    if (event.key === "Escape") document.getElementById(`item-${task.task_id}`)?.focus();
  };
  return (
    <aside className="side" aria-label={t("chosen")} ref={place} tabIndex={-1} onKeyDown={leave}>
      <div className="body">
        <section>
          <div className="row wrap">
            <h1>
              {t(`kind.${task.kind}`)}
              {task.institution && <>: {task.institution.name}</>}
            </h1>
            {task.state === "closed" && <span className="chip push">{t("closed_now")}</span>}
          </div>
          <div className="row wrap sm mut">
            {ackNo !== null &&
              (hasCasePage ? <Link className="to-case" to={`/case/${ackNo}`}>{ackNo}</Link> : <b className="mono">{ackNo}</b>)}
            <span>{districtName(task.district)}</span>
            <Flags persons={task.persons} />
            <Whose task={task} now={now} />
          </div>
          <Lookers taskId={task.task_id} />
          <p className="row wrap sm">
            {task.in_play_paise !== null && (
              <>
                <b className="large">
                  <Rupees paise={task.in_play_paise} />
                </b>
                <span className="mut">{t("can_be_caught")}</span>
              </>
            )}
            <span className="push">
              <span className="mut">{t("since")}</span> <Since at={startOf(task)} />
            </span>
          </p>
          {refusal && (
            <p className="note bad" role="alert">
              <SaidText said={refusal} />
            </p>
          )}
          <p className="todo">{task.note}</p>
        </section>
        <Verbs task={task} now={now} acts={acts} />
        {task.institution && <BankOfficers institution={task.institution} />}
        <Script lines={task.say} />
        {task.enter_at !== null && task.state === "open" && (
          <PhoneAnswer
            key={task.task_id}
            asked={telephoned(task)}
            booked={() => void readNewest(task, t.language).catch(() => undefined)}
            foot={foot}
          />
        )}
      </div>
      <div className="word-foot" ref={setFoot} />
    </aside>
  );
}

function telephoned(task: Task): Telephoned {
  return {
    requestId: task.request_id ?? "",
    ackNo: task.case_ack_no ?? "",
    institution: task.institution,
    hops: task.to_ask,
  };
}

/** Whether the item is in front of the officer for a moment, and not only passed on the way to another one. */
function useIsSettled(): boolean {
  const [isSettled, setIsSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsSettled(true), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return isSettled;
}

function Whose({ task, now }: { task: Task; now: number }): ReactNode {
  const t = desk.use();
  const me = useSession().officer_id;
  const owner = ownerNow(task, now);
  if (sleepsNow(task, now)) {
    return (
      <span className="push">
        {t("sleeps")} <Until at={Date.parse(task.snoozed_until ?? "")} />
      </span>
    );
  }
  if (owner === null) return <span className="push">{t("free")}</span>;
  return (
    <span className="push">
      {owner === me ? t("yours_for") : t("has_it_for", { officer: owner })}{" "}
      {task.lease_ends_at && <Until at={Date.parse(task.lease_ends_at)} />}
    </span>
  );
}

function Lookers({ taskId }: { taskId: number }): ReactNode {
  const t = desk.use();
  const me = useSession().officer_id;
  const others = useLookers(taskId).filter((one) => one !== me);
  return (
    <p className="sm warn" role="status">
      {others.length > 0 && t("look_list", { officers: others.join(", ") })}
    </p>
  );
}

/** The acts that fit the item as it stands. */
function Verbs({ task, now, acts }: { task: Task; now: number; acts: Acts }): ReactNode {
  const t = desk.use();
  const me = useSession().officer_id;
  const owner = ownerNow(task, now);
  if (task.state === "closed") return null;
  return (
    <section className="row wrap verbs" aria-label={t("verbs")}>
      {owner === null && <CommandButton command={deskCommands.take} run={acts.take} className="btn first take-focus" />}
      {owner !== null && owner !== me && <CommandButton command={deskCommands.take_over} run={acts.takeOver} />}
      {owner === me && <CommandButton command={deskCommands.release} run={acts.release} />}
      <CommandButton command={deskCommands.pass_on} run={acts.passOn} />
      <CommandButton command={deskCommands.snooze} run={acts.snooze} />
      {task.request_id !== null && <CommandButton command={deskCommands.ask_again} run={acts.askAgain} />}
      <CommandButton command={deskCommands.close} run={acts.close} />
    </section>
  );
}
