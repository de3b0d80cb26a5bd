/**
 * One order for the ticked files: its facts once, and each case with its sum. The server records all of them or none,
 * and says of each refused case why; those are left out, and the rest is sent again.
 */

import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok, type Problem } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { Rupees } from "../../parts/money.tsx";
import { base64Of } from "../../parts/pdf.ts";
import { PdfField } from "../../parts/PdfField.tsx";
import { useProof } from "../../parts/Proof.tsx";
import { Moment } from "../../parts/time.tsx";
import { inWords, readRupees, rupees } from "../../text/rupees.ts";
import { worded } from "../case/text.ts";
import { AccountsOf } from "./AccountsOf.tsx";
import { type Asked, type CaseOfOrder, casesOf, type Effect, EFFECTS, type Kind, KINDS, type Line } from "./asked.ts";
import { courtdayCommands } from "./commands.ts";
import { ALL } from "./reads.ts";
import { courtday } from "./text.ts";

type Order = Schemas["CourtOrder"];

interface Refused {
  readonly ack_no: string;
  readonly code: string;
}

/** The cases that the server refuses, with the code of each reason. */
function refusedOf(problem: Problem | null): ReadonlyMap<string, string> {
  const parts = problem?.params["refused"];
  return new Map(Array.isArray(parts) ? (parts as Refused[]).map((one) => [one.ack_no, one.code]) : []);
}

export function RecordOrder({
  asked,
  lines,
  close,
}: {
  asked: Asked;
  lines: readonly Line[];
  close: (isDone: boolean) => void;
}): ReactNode {
  const t = courtday.use();
  // The list behind the dialog may be read again meanwhile.
  const [all] = useState(() => casesOf(lines));
  const [leftOut, setLeftOut] = useState<ReadonlySet<string>>(new Set());
  const [kind, setKind] = useState<Kind>(KINDS[asked.route][0] ?? "lok_adalat");
  const [effect, setEffect] = useState<Effect>("restore");
  const [court, setCourt] = useState(asked.court || courtOf(lines));
  const [startsWithCourt] = useState(court !== "");
  const [orderNo, setOrderNo] = useState("");
  const [madeOn, setMadeOn] = useState(asked.on);
  const [file, setFile] = useState<File | null>(null);
  const [sums, setSums] = useState<Readonly<Record<string, string>>>({});
  const [done, setDone] = useState<readonly Order[] | null>(null);
  const cases = all.filter((one) => !leftOut.has(one.ackNo));
  // A refusal is about everything on hold, whatever was typed before it was chosen.
  const sumsSent = effect === "restore" ? sums : {};
  const proof = useProof();
  const verb = useVerb({
    run: async () => {
      const body = {
        kind,
        effect,
        court: court.trim(),
        order_no: orderNo.trim(),
        made_on: madeOn,
        document: file && (await base64Of(file)),
        reason: "",
        about: cases.map((one) => ({ ack_no: one.ackNo, amount_paise: sumOf(sumsSent[one.ackNo]) })),
      };
      return proof.provedIfAsked(() => ok(api.POST("/api/v1/court-orders", { body })));
    },
    readAgain: [ALL],
    // Without a code nothing was recorded.
    done: (result) => result !== null && setDone(result.orders),
    refused: () => undefined,
  });
  const refused = refusedOf(verb.problem);
  const wrong = cases.filter((one) => isWrong(one, sumsSent[one.ackNo]));
  if (done !== null) return <Recorded cases={cases} orders={done} close={() => close(true)} />;
  return (
    <>
      <AskDialog
        title={courtdayCommands.record.label()}
        says={t("says.record")}
        act={t.count("record", cases.length)}
        isReady={
          !verb.isRunning &&
          cases.length > 0 &&
          court.trim() !== "" &&
          orderNo.trim() !== "" &&
          madeOn !== "" &&
          wrong.length === 0
        }
        problem={refused.size > 0 ? null : verb.problem}
        run={() => verb.act(undefined)}
        close={() => close(false)}
        className="wide"
      >
        <div className="courtday-facts">
          <Choose label={t("kind")} value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
            {KINDS[asked.route].map((one) => (
              <option key={one} value={one}>
                {t(`kind.${one}`)}
              </option>
            ))}
          </Choose>
          <Choose label={t("effect")} value={effect} onChange={(event) => setEffect(event.target.value as Effect)}>
            {EFFECTS.map((one) => (
              <option key={one} value={one}>
                {t(`effect.${one}`)}
              </option>
            ))}
          </Choose>
          <Field label={t("court")} autoFocus={!startsWithCourt} maxLength={200} value={court} onChange={(event) => setCourt(event.target.value)} />
          <Field label={t("order_no")} autoFocus={startsWithCourt} maxLength={100} value={orderNo} onChange={(event) => setOrderNo(event.target.value)} />
          <Field label={t("made_on")} type="date" value={madeOn} onChange={(event) => setMadeOn(event.target.value)} />
          <PdfField label={t("pdf")} set={setFile} />
        </div>
        {file === null && <p className="sm warn">{t("pdf.none")}</p>}
        {refused.size > 0 && (
          <div className="note bad" role="alert">
            <p className="b">{t.count("refused", refused.size)}</p>
            <button
              type="button"
              className="btn"
              onClick={() => {
                setLeftOut((before) => new Set([...before, ...refused.keys()]));
                verb.forget();
              }}
            >
              {t("leave_out")}
            </button>
          </div>
        )}
        <div className="courtday-scroll" role="region" aria-label={t("cases")} tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">{t("number")}</th>
                <th scope="col">{t("accounts")}</th>
                <th scope="col" className="num">
                  {t("sum")}
                </th>
                <th scope="col">{t("sum_of_order")}</th>
              </tr>
            </thead>
            <tbody>
              {cases.map((one) => (
                <tr key={one.ackNo}>
                  <td>
                    <span className="mono">{one.ackNo}</span>
                    {one.lines.length > 1 && <div className="xs mut">{t.count("of_case", one.lines.length)}</div>}
                    {refused.has(one.ackNo) && <div className="xs b bad">{worded(t, "why", refused.get(one.ackNo) ?? "")}</div>}
                  </td>
                  <td>
                    <AccountsOf lines={one.lines} />
                  </td>
                  <td className="num">
                    <Rupees paise={one.heldPaise} />
                  </td>
                  <td>
                    {effect === "restore" ? (
                      <input
                        className={isWrong(one, sums[one.ackNo]) ? "in bad" : "in"}
                        aria-label={t("sum_for", { number: one.ackNo })}
                        aria-invalid={isWrong(one, sums[one.ackNo]) || undefined}
                        inputMode="decimal"
                        placeholder={t("everything")}
                        value={sums[one.ackNo] ?? ""}
                        onChange={(event) => setSums((before) => ({ ...before, [one.ackNo]: event.target.value }))}
                      />
                    ) : (
                      t("everything")
                    )}
                    {wrong.includes(one) && (
                      <div className="xs b bad" role="alert">
                        {t("sum_wrong", { sum: rupees(one.heldPaise) })}
                      </div>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {wrong.length === 0 && <Total cases={cases} sums={sumsSent} />}
      </AskDialog>
      {proof.dialog}
    </>
  );
}

/** The court before which the files are heard, if it is one court for all; empty otherwise. */
function courtOf(lines: readonly Line[]): string {
  const courts = new Set(lines.map((one) => one.hearing?.court ?? ""));
  const [court = ""] = courts;
  return courts.size === 1 ? court : "";
}

/** The sum that an order names for a case; null names everything on hold there. */
function sumOf(typed: string | undefined): number | null {
  return typed?.trim() ? readRupees(typed) : null;
}

function isWrong(one: CaseOfOrder, typed: string | undefined): boolean {
  if (!typed?.trim()) return false;
  const paise = readRupees(typed);
  return paise === null || paise > one.heldPaise;
}

/** The sum of the order twice: in digits and in words. */
function Total({ cases, sums }: { cases: readonly CaseOfOrder[]; sums: Readonly<Record<string, string>> }): ReactNode {
  const t = courtday.use();
  const paise = cases.reduce((sum, one) => sum + (sumOf(sums[one.ackNo]) ?? one.heldPaise), 0);
  return (
    <p>
      {t("total")} <b className="courtday-sum">{rupees(paise)}</b>{" "}
      <span className="mut">{inWords(paise, t.language)}</span>
    </p>
  );
}

/** What became of each case: the number of its entry, and until when a second officer is waited for. */
function Recorded({
  cases,
  orders,
  close,
}: {
  cases: readonly CaseOfOrder[];
  orders: readonly Order[];
  close: () => void;
}): ReactNode {
  const t = courtday.use();
  return (
    <AskDialog title={courtdayCommands.record.label()} act={t("close")} isReady isOver problem={null} run={close} close={close} className="wide">
      <p className="note acc" role="status">
        {t.count("recorded", orders.length)}
      </p>
      <ul className="courtday-outcomes">
        {orders.map((one, index) => (
          <li key={one.court_order_id}>
            <span className="mono">{cases[index]?.ackNo}</span>{" "}
            <span className="good">{t("recorded_as", { number: one.court_order_id })}</span>{" "}
            {one.counts_until && (
              <span className="mut">
                {t(one.document_digest === null ? "void_without_pdf" : "void_without_second")}{" "}
                <Moment at={Date.parse(one.counts_until)} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </AskDialog>
  );
}
