/** One call: its facts at the left, person and story at the right. */

import { useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";

import { api } from "../../api/client.ts";
import { ok, type Problem } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { choices } from "../../parts/names.ts";
import { Why } from "../../parts/SaidText.tsx";
import { say } from "../../parts/toasts.ts";
import { CallLine } from "./CallLine.tsx";
import { callCommands } from "./commands.ts";
import { type Content, EMPTY, hasFacts, isEmpty } from "./content.ts";
import { HandOver, Sure } from "./dialogs.tsx";
import { banksOf, CHECK, type Check, checkOf, draft as draftOf, ownDrafts } from "./drafts.ts";
import { missingFacts } from "./findings.ts";
import { closeKeeper, keeperOf, useKept } from "./keeper.ts";
import { Person } from "./Person.tsx";
import { AckNumber, Banks } from "./Sent.tsx";
import { SentFacts } from "./SentFacts.tsx";
import { filledFrom, type Reading, SmsBox } from "./SmsBox.tsx";
import { Story } from "./Story.tsx";
import { call } from "./text.ts";
import { TransferFields } from "./TransferFields.tsx";

const CHECK_AFTER_MS = 250;
/** the refusal of a call that lacks a fact */
const INCOMPLETE = "draft_incomplete";
type Asking = "hand_over" | "end" | "finish" | null;

export function OpenCall({ draftId, leave }: { draftId: string; leave: () => void }): ReactNode {
  const t = call.use();
  const client = useQueryClient();
  const { data: draft } = useSuspenseQuery(draftOf(draftId));
  const { data: toChoose } = useSuspenseQuery(choices);
  const keeper = keeperOf(draft);
  const kept = useKept(keeper);
  const settled = useLater(kept.content, CHECK_AFTER_MS);
  const { data: check } = useQuery(checkOf(settled));
  const isSent = draft.ack_no !== null;
  const canBeAsked = !isSent && (settled.transfers ?? []).some(hasFacts);
  useEffect(() => {
    // The banks are asked with what is saved, so that the key which asks them waits for no save.
    if (canBeAsked) keeper.saveNow();
  }, [keeper, settled, canBeAsked]);
  const { data: asked } = useQuery(banksOf(draftId, isSent));
  const [asking, setAsking] = useState<Asking>(null);
  const [reading, setReading] = useState<Reading | null>(null);
  const path = { path: { draft_id: draftId } };

  const send = useVerb({
    run: async () => {
      await keeper.flush();
      return ok(api.POST("/api/v1/drafts/{draft_id}/send", { params: path }));
    },
    done: ({ receipt, missing }) => {
      keeper.sent(missing);
      client.setQueryData(draftOf(draftId).queryKey, { ...draft, ack_no: receipt.ack_no });
      // A check on its way may not know what was sent, and the first reading of a query is not begun anew by itself.
      return client.cancelQueries({ queryKey: [CHECK] });
    },
    refused: () => undefined,
    readAgain: [["draft-banks", draftId], [CHECK], ownDrafts.queryKey],
  });
  const isGone = useRef(false);
  useEffect(
    () => () => {
      if (isGone.current) closeKeeper(draftId);
    },
    [draftId],
  );
  const gone = (): void => {
    isGone.current = true;
    client.setQueryData(ownDrafts.queryKey, (lines) => lines?.filter((line) => line.draft_id !== draftId));
    leave();
  };
  const end = useVerb({
    run: () => ok(api.POST("/api/v1/drafts/{draft_id}/discard", { params: path })),
    done: gone,
    readAgain: [ownDrafts.queryKey],
  });
  const give = useVerb({
    run: async ({ to, note }: { to: string; note: string }) => {
      await keeper.flush();
      return ok(api.POST("/api/v1/drafts/{draft_id}/pass-on", { params: path, body: { to, note } }));
    },
    done: ({ owner }) => {
      say({ kind: "good", text: t("handed_over", { officer: owner }) });
      gone();
    },
    refused: () => undefined,
    readAgain: [ownDrafts.queryKey],
  });
  const left = leftOf(t, kept.content);
  const finish = async (): Promise<void> => {
    await send.ask(undefined);
    if (left.length > 0) setAsking("finish");
    else end.act(undefined);
  };

  const transfers = kept.content.transfers?.length ? kept.content.transfers : [EMPTY];
  const isTold = (index: number): boolean =>
    isSent && !kept.unsent.has(index) && (check?.known.includes(`transfers[${index}]`) ?? false);
  const open = transfers.map((_, index) => index).filter((index) => !isTold(index));
  const change = (update: (content: Content) => Content): void => keeper.change(update);
  const add = (): void => {
    if (isSent) keeper.beginTransfer(transfers.length);
    change((now) => ({ ...now, transfers: [...transfers, EMPTY] }));
    // Its fields are there after the next drawing; the last but one field of a bank is of who paid.
    setTimeout(() => [...document.querySelectorAll<HTMLElement>(".bank-field input")].at(-2)?.focus());
  };
  const sms = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!isSent) sms.current?.focus();
  }, [isSent]);

  return (
    <>
      <CallLine
        kept={kept}
        isSent={isSent}
        handOver={() => setAsking("hand_over")}
        end={() => (isEmpty(kept.content) ? end.act(undefined) : setAsking("end"))}
        finish={() => void finish().catch(() => undefined)}
      />
      {draft.note && <p className="note acc from-officer">{t("note_of_officer", { note: draft.note })}</p>}
      <main className="call">
        <div className="col-a">
          {draft.ack_no !== null && <AckNumber ackNo={draft.ack_no} askedAt={firstAsked(asked?.items)} />}
          {asked && <Banks asked={asked} />}
          {isSent && <SentFacts content={kept.content} isTold={isTold} institutions={toChoose.institutions} />}
          {open.length > 0 && (
            <section className="panel" aria-labelledby="h-facts">
              <header>
                <h2 id="h-facts">{t(isSent ? "further_transfer" : "four_facts")}</h2>
                <span className="xs mut">{t("enough")}</span>
              </header>
              {!isSent && (
                <SmsBox
                  box={sms}
                  reading={reading}
                  institutions={toChoose.institutions}
                  onRead={(found) => {
                    setReading(found);
                    change((now) => filledFrom(now, 0, found));
                  }}
                />
              )}
              {open.map((index) => (
                <TransferFields
                  key={index}
                  content={kept.content}
                  index={index}
                  check={check}
                  institutions={toChoose.institutions}
                  accountEnd={index === 0 ? (reading?.payer_account_end ?? "") : ""}
                  change={change}
                />
              ))}
              <Go check={check} open={open} isRunning={send.isRunning} refusal={send.problem} send={() => send.act(undefined)} />
            </section>
          )}
          <CommandButton command={callCommands.add} run={add} className="btn add" />
        </div>
        <section className="panel col-b" aria-labelledby="h-two">
          <header>
            <h2 id="h-two">{t("person_and_story")}</h2>
            <span className="xs mut">{t(isSent ? "added_later" : "any_time")}</span>
            <span className="push xs mut">{t("in_a_question")}</span>
          </header>
          <Person keeper={keeper} kept={kept} check={check} districts={toChoose.districts} />
          <Story keeper={keeper} kept={kept} />
          {isSent && (
            <div className="blk wide row wrap">
              <span className="xs mut">{left.length > 0 ? t("left", { facts: left.join(", ") }) : t("nothing_left")}</span>
              {open.length === 0 && <CommandButton command={callCommands.add_told} run={() => send.act(undefined)} className="btn push" />}
            </div>
          )}
        </section>
      </main>
      {asking === "hand_over" && (
        <HandOver
          isRunning={give.isRunning}
          refusal={give.problem}
          give={(to, note) => give.act({ to, note })}
          close={() => setAsking(null)}
        />
      )}
      {asking === "end" && (
        <Sure
          title={t("cmd.end")}
          text={t("end_sure")}
          act={t("cmd.end")}
          isDanger
          run={() => end.act(undefined)}
          close={() => setAsking(null)}
        />
      )}
      {asking === "finish" && (
        <Sure
          title={t("cmd.finish")}
          text={t("finish_sure", { facts: left.join(", ") })}
          act={t("finish_anyway")}
          run={() => end.act(undefined)}
          close={() => setAsking(null)}
        />
      )}
    </>
  );
}

/** The one large act, with what it lacks and whom it asks. */
function Go({
  check,
  open,
  isRunning,
  refusal,
  send,
}: {
  check: Check | undefined;
  open: readonly number[];
  isRunning: boolean;
  refusal: Problem | null;
  send: () => void;
}): ReactNode {
  const t = call.use();
  const lacks = open.flatMap((index) => missingFacts(t, check, index));
  // What is missing stands below, in the names of the fields.
  const isIncomplete = refusal?.code === INCOMPLETE;
  const hasUnasked = open.some((index) => check?.unasked.includes(`transfers[${index}]`));
  const banks = [...new Set((check?.banks ?? []).filter((one) => one.field.endsWith(".payee")).map((one) => one.name))];
  return (
    <div className="go">
      <CommandButton command={callCommands.send} run={send} isDisabled={isRunning} className="btn first ask" />
      <div className="xs mut" role="status">
        {isIncomplete && lacks.length > 0 && <p className="bad b">{t("cannot_go")}</p>}
        {refusal !== null && !isIncomplete && (
          <p className="bad b">
            <Why of={refusal} />
          </p>
        )}
        {banks.length > 0 && <p className="b ink">{t("asks", { banks: banks.join(", ") })}</p>}
        <p>{lacks.length > 0 ? t("lacks", { facts: [...new Set(lacks)].join(", ") }) : t("can_go")}</p>
        {lacks.includes(t("fact.rrn")) && <p>{t("where_rrn")}</p>}
        {isIncomplete && lacks.length > 0 && <p>{t("stays_open")}</p>}
        {lacks.length === 0 && hasUnasked && <p className="warn b">{t("payee_unknown")}</p>}
      </div>
    </div>
  );
}

function firstAsked(items: readonly { asked_at: string | null }[] | undefined): number | null {
  const times = (items ?? []).flatMap((one) => (one.asked_at ? [Date.parse(one.asked_at)] : []));
  return times.length > 0 ? Math.min(...times) : null;
}

/** What the caller was not asked yet. */
function leftOf(t: ReturnType<typeof call.use>, content: Content): string[] {
  const { victim } = content;
  const facts = {
    name: victim?.name,
    mobile: victim?.mobile,
    district: victim?.district,
    category: content.category,
    own_account: content.story,
    consent: content.consent,
  };
  const names = Object.keys(facts) as (keyof typeof facts)[];
  return names.filter((name) => facts[name] === undefined || facts[name] === null || facts[name] === "").map((name) => t(`fact.${name}`));
}

/** The value as it was when it had stood still for so long. */
function useLater<Value>(value: Value, milliseconds: number): Value {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return later;
}
