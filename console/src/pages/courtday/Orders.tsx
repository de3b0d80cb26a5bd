/** Orders of courts that wait for a second officer, one by one. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok, problemOf } from "../../api/problem.ts";
import { useStream } from "../../api/stream.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { useCommand } from "../../keys/commands.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Rupees } from "../../parts/money.tsx";
import { useBankName } from "../../parts/names.ts";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { personOf } from "../../text/actors.ts";
import { localText } from "../../text/moments.ts";
import { type Entries, entriesOf, type WaitingOrder } from "./asked.ts";
import { courtdayCommands } from "./commands.ts";
import { type Item, OneByOne, type Outcome } from "./OneByOne.tsx";
import { base64Of } from "../../parts/pdf.ts";
import { type Proof, useProof } from "../../parts/Proof.tsx";
import { PdfField } from "../../parts/PdfField.tsx";
import { ALL, orders } from "./reads.ts";
import { courtday } from "./text.ts";

export function Orders(): ReactNode {
  const t = courtday.use();
  const read = useInfiniteQuery(orders);
  const found = entriesOf(read.data?.pages.flatMap((page) => page.items) ?? []);
  const [current, setCurrent] = useState(0);
  // What is confirmed leaves the list at once, and its result stays.
  const [doing, setDoing] = useState<Doing | null>(null);
  const proof = useProof();
  useCommand(courtdayCommands.down, () => setCurrent((at) => Math.min(found.length - 1, at + 1)), found.length > 0);
  useCommand(courtdayCommands.up, () => setCurrent((at) => Math.max(0, at - 1)), found.length > 0);
  const at = Math.min(current, found.length - 1);
  return (
    <div className="courtday-orders">
      {read.error !== null && found.length === 0 && <ErrorState error={read.error} reset={() => void read.refetch()} />}
      {read.isPending && <LoadingState />}
      {read.isSuccess && found.length === 0 && <EmptyState>{t("orders.empty")}</EmptyState>}
      {found.map((entries, index) => (
        <OrderPanel key={entries.key} entries={entries} isCurrent={index === at} start={setDoing} />
      ))}
      {read.hasNextPage && (
        <button type="button" className="btn" onClick={() => void read.fetchNextPage()}>
          {t("more")}
        </button>
      )}
      {doing?.what === "confirm" && (
        <OneByOne
          title={titleOf(t, doing.orders[0])}
          says={doing.orders[0] ? t(`says.${doing.orders[0].asks}.${doing.orders[0].effect}`) : ""}
          items={doing.orders.map(itemOf)}
          needsReason
          send={(item, reason) => confirm(proof.proved, doing.orders.find((one) => keyOf(one) === item.key), reason)}
          close={() => setDoing(null)}
        />
      )}
      {proof.dialog}
      {doing?.what === "pdf" && <AddPdf orders={doing.orders} close={() => setDoing(null)} />}
    </div>
  );
}

interface Doing {
  readonly what: "confirm" | "pdf";
  readonly orders: readonly WaitingOrder[];
}

function titleOf(t: ReturnType<typeof courtday.use>, one: WaitingOrder | undefined): string {
  return t(one?.asks === "withdrawal" ? "confirm_withdrawal" : "confirm_order");
}

function OrderPanel({
  entries,
  isCurrent,
  start,
}: {
  entries: Entries;
  isCurrent: boolean;
  start: (doing: Doing) => void;
}): ReactNode {
  const t = courtday.use();
  const { actions } = useSession();
  const isOld = useStream().state === "broken";
  const { first } = entries;
  const lacking = entries.orders.filter((one) => one.asks === "confirmation" && !one.has_document);
  const ready = entries.orders.filter((one) => one.asks === "withdrawal" || one.has_document);
  const mayConfirm = actions.includes("confirm_court_order") && !first.needs_another;
  const id = `h-entries-${first.court_order_id}`;
  return (
    <section className="panel" aria-labelledby={id} aria-current={isCurrent || undefined}>
      <header className="wraps">
        <h2 id={id}>
          {first.court}, {first.order_no}
        </h2>
        <span className="chip acc">{t(`kind.${first.kind}`)}</span>
        <span className="chip">{t(`effect.${first.effect}`)}</span>
        {first.asks === "withdrawal" && <span className="chip warn">{t("asks.withdrawal")}</span>}
        <span className="push sm mut">
          {t("made_on")} {localText(first.made_on)}
          {first.ends_on !== null && ` · ${t("ends_on")} ${localText(first.ends_on)}`}
        </span>
      </header>
      <div className="courtday-body">
        <p className="sm">
          {t("taken_by", { officer: personOf(first.taken_by) })} <Moment at={Date.parse(first.taken_at)} />
          {first.reason && `: ${first.reason}`}
          {first.withdrawal_asked_by !== null && (
            <>
              {" · "}
              {t("withdrawal_by", { officer: personOf(first.withdrawal_asked_by) })}: {first.withdrawal_asked_reason}
            </>
          )}
        </p>
        {first.counts_until !== null && (
          <p className="sm">
            {t(first.asks === "withdrawal" ? "counts_until" : "void_at")}{" "}
            <Moment at={Date.parse(first.counts_until)} />
          </p>
        )}
        <OrderTable orders={entries.orders} />
        {lacking.length > 0 && <p className="sm warn b">{t.count("lacking", lacking.length)}</p>}
        <p className="row wrap">
          {mayConfirm && ready.length > 0 && (
            <Confirm isCurrent={isCurrent} isDisabled={isOld} run={() => start({ what: "confirm", orders: ready })}>
              {titleOf(t, first)}
            </Confirm>
          )}
          {lacking.length > 0 && actions.includes("take_court_order") && (
            <button type="button" className="btn" onClick={() => start({ what: "pdf", orders: lacking })}>
              {t("add_pdf")}
            </button>
          )}
        </p>
        {first.needs_another && <p className="sm warn b">{t(`needs_another.${first.asks}`)}</p>}
        {isOld && <p className="sm warn b">{t("old")}</p>}
      </div>
    </section>
  );
}

/** The keys are of the current order alone. */
function Confirm({
  isCurrent,
  isDisabled,
  run,
  children,
}: {
  isCurrent: boolean;
  isDisabled: boolean;
  run: () => void;
  children: ReactNode;
}): ReactNode {
  if (isCurrent) {
    return (
      <CommandButton command={courtdayCommands.confirm} className="btn first" run={run} isDisabled={isDisabled}>
        {children}
      </CommandButton>
    );
  }
  return (
    <button type="button" className="btn first" disabled={isDisabled} onClick={run}>
      {children}
    </button>
  );
}

function OrderTable({ orders: shown }: { orders: readonly WaitingOrder[] }): ReactNode {
  const t = courtday.use();
  const bankOf = useBankName();
  return (
    <div className="courtday-scroll" role="region" aria-label={t("cases")} tabIndex={0}>
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">{t("case")}</th>
            <th scope="col">{t("accounts")}</th>
            <th scope="col" className="num">
              {t("sum")}
            </th>
            <th scope="col" className="num">
              {t("sum_of_order")}
            </th>
            <th scope="col">{t("pdf")}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one.court_order_id}>
              <td className="mono">{one.case_ack_no}</td>
              <td>
                {one.institution === null ? t("every_account") : `${bankOf(one.institution)} ••${one.account_end}`}
              </td>
              <td className="num">
                <Rupees paise={one.held_paise} />
              </td>
              <td className="num b">
                {one.amount_paise === null ? t("everything") : <Rupees paise={one.amount_paise} />}
              </td>
              <td>
                {one.has_document ? (
                  <a
                    href={`/api/v1/cases/${one.case_ack_no}/court-orders/${one.court_order_id}/document`}
                    target="_blank"
                    rel="noreferrer"
                  >
                    {t("open_pdf")}
                  </a>
                ) : (
                  <span className="warn">{t("no_pdf")}</span>
                )}
              </td>
            </tr>
          ))}
          {shown.length > 1 && (
            <tr className="b">
              <td colSpan={2}>{t("total_of", { count: shown.length })}</td>
              <td className="num">
                <Rupees paise={shown.reduce((sum, one) => sum + one.held_paise, 0)} />
              </td>
              <td className="num">
                <Rupees paise={shown.reduce((sum, one) => sum + (one.amount_paise ?? one.held_paise), 0)} />
              </td>
              <td />
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

const keyOf = (one: WaitingOrder): string => String(one.court_order_id);

function itemOf(one: WaitingOrder): Item {
  return { key: keyOf(one), name: one.case_ack_no, paise: one.amount_paise ?? one.held_paise };
}

/** Confirm one order, or its withdrawal, as the second officer; null without the officer's code. */
async function confirm(proved: Proof["proved"], one: WaitingOrder | undefined, reason: string): Promise<Outcome | null> {
  if (one === undefined) return { isDone: false, text: "" };
  const params = { path: { ack_no: one.case_ack_no, court_order_id: one.court_order_id } };
  try {
    return await proved(async () => {
      await (one.asks === "withdrawal"
        ? ok(api.POST("/api/v1/cases/{ack_no}/court-orders/{court_order_id}/withdraw/confirm", { params, body: { reason } }))
        : ok(api.POST("/api/v1/cases/{ack_no}/court-orders/{court_order_id}/confirm", { params, body: { reason } })));
      return { isDone: true, text: "" };
    });
  } catch (error) {
    return { isDone: false, ...problemOf(error).said() };
  }
}

/** The document of an order that was recorded without it, for each of its entries. */
function AddPdf({ orders: lacking, close }: { orders: readonly WaitingOrder[]; close: () => void }): ReactNode {
  const t = courtday.use();
  const [file, setFile] = useState<File | null>(null);
  const verb = useVerb({
    run: async (pdf: File) => {
      const document = await base64Of(pdf);
      for (const one of lacking) {
        const params = { path: { ack_no: one.case_ack_no, court_order_id: one.court_order_id } };
        await ok(api.POST("/api/v1/cases/{ack_no}/court-orders/{court_order_id}/document", { params, body: { document } }));
      }
    },
    readAgain: [ALL],
    done: () => {
      say({ kind: "good", text: t("pdf.done") });
      close();
    },
    refused: () => undefined,
  });
  return (
    <AskDialog
      title={t("add_pdf")}
      says={t("says.pdf")}
      isReady={!verb.isRunning && file !== null}
      problem={verb.problem}
      run={() => file !== null && verb.act(file)}
      close={close}
    >
      <PdfField label={t("pdf")} set={setFile} />
    </AskDialog>
  );
}
