/** After the banks are asked: the number to read out, the banks layer by layer, and what may be said to the caller. */

import { type ReactNode, useState } from "react";

import { CommandButton } from "../../parts/Button.tsx";
import { type Bucket, BucketMark, LedgerBar, LETTERS, Rupees } from "../../parts/money.tsx";
import { ExactMoment, Moment, Since } from "../../parts/time.tsx";
import { HINDI_BELOW_100 } from "../../text/hindiNumbers.ts";
import { spanText } from "../../text/moments.ts";
import { rupees } from "../../text/rupees.ts";
import { callCommands } from "./commands.ts";
import type { AskedBanks } from "./drafts.ts";
import { call } from "./text.ts";

type Asked = AskedBanks["items"][number];
/** the name of a bank that the caller did not tell, as the API has it */
const NOT_STATED = "not stated";

/** The parts of a number as it is read out: kind, day, month and year, serial. */
const PARTS = [1, 2, 4, 7] as const;

function partsOf(ackNo: string): readonly string[] {
  let from = 0;
  return PARTS.map((length) => ackNo.slice(from, (from += length)));
}

/** The number in Hindi: the day and the months by pairs, all else digit by digit. */
export function hindiOf(ackNo: string): string {
  return partsOf(ackNo)
    .map((part, place) => (place === 1 || place === 2 ? (part.match(/\d\d/g) ?? []) : [...part]))
    .map((numbers) => numbers.map((number) => HINDI_BELOW_100[Number(number)]).join(" "))
    .join(" · ");
}

export function AckNumber({ ackNo, askedAt }: { ackNo: string; askedAt: number | null }): ReactNode {
  const t = call.use();
  const [isHeard, setIsHeard] = useState(false);
  const [kind, ...rest] = partsOf(ackNo);
  return (
    <section className={`panel ack ${isHeard ? "heard" : ""}`} aria-labelledby="h-ack">
      <div className="row sm wrap">
        <h2 id="h-ack">{t(isHeard ? "number_heard" : "read_out")}</h2>
        {askedAt !== null && (
          <span className="push mut">
            {t("asked_at")} <ExactMoment at={askedAt} />
          </span>
        )}
      </div>
      <p className="number" aria-label={ackNo}>
        {kind}
        {rest.map((part) => (
          <span key={part}>
            <i>-</i>
            {part}
          </span>
        ))}
      </p>
      <div className="row sm wrap">
        <span lang="hi" className="mut">
          {hindiOf(ackNo)}
        </span>
        <span className="push">
          <CommandButton command={callCommands.read_out} run={() => setIsHeard(!isHeard)} />
        </span>
      </div>
    </section>
  );
}

export function Banks({ asked }: { asked: AskedBanks }): ReactNode {
  const t = call.use();
  const sums = asked.buckets_paise;
  return (
    <section className="panel" aria-labelledby="h-banks">
      <header>
        <h2 id="h-banks">{t("banks_asked")}</h2>
        <span className="xs mut">{t("next_layer")}</span>
        <span className="push b">
          <Rupees paise={sums["lost"] ?? 0} />
        </span>
      </header>
      {asked.joined && <p className="note acc">{t("joined", { number: asked.case_ack_no })}</p>}
      <div className="bar">
        <LedgerBar paise={sums} />
      </div>
      <div className="scroll">
        <table className="grid banks">
          <thead>
            <tr>
              <th>{t("layer")}</th>
              <th>{t("bank")}</th>
              <th>{t("asked")}</th>
              <th>{t("now")}</th>
              <th className="num">{t("waiting")}</th>
            </tr>
          </thead>
          <tbody>
            {asked.items.map((one) => (
              <BankRow key={one.hop_no} one={one} />
            ))}
          </tbody>
        </table>
      </div>
      {asked.is_cut && <p className="xs mut bar">{t("banks_cut")}</p>}
      {asked.items.some((one) => one.institution === null && one.asked_at === null) && (
        <p className="note warn">{t("bank_unknown")}</p>
      )}
      <p className="say">
        <b>{t("say")}</b> {sayOf(t, asked)}
      </p>
    </section>
  );
}

function BankRow({ one }: { one: Asked }): ReactNode {
  const t = call.use();
  const askedAt = one.asked_at ? Date.parse(one.asked_at) : null;
  const answeredAt = one.answered_at ? Date.parse(one.answered_at) : null;
  const buckets = (Object.keys(LETTERS) as Bucket[]).filter((bucket) => (one.balances_paise[bucket] ?? 0) > 0);
  return (
    <tr>
      <td>{one.layer}</td>
      <td>
        <b>{one.institution === null && one.name === NOT_STATED ? t("bank_not_told") : one.name}</b>
        {one.institution !== null && <div className="xs mut">{one.channel ? t(`channel.${one.channel}`) : t("no_channel")}</div>}
      </td>
      <td>{askedAt === null ? "–" : <Moment at={askedAt} />}</td>
      <td>
        {buckets.map((bucket) => (
          <div key={bucket} className="row">
            <BucketMark bucket={bucket} />
            <Rupees paise={one.balances_paise[bucket] ?? 0} /> <span className="xs mut">{t(`bucket.${bucket}`)}</span>
          </div>
        ))}
        <div className="xs mut">
          {one.state ? t(`state.${one.state}`) : t(one.institution === null ? "not_known_yet" : "not_asked_yet")}
          {one.level ? ` · ${t(`level.${one.level}`)}` : ""}
        </div>
      </td>
      <td className="num">
        {answeredAt !== null && askedAt !== null ? (
          <span className="good">{t("answered_in", { span: spanText(answeredAt - askedAt) })}</span>
        ) : askedAt !== null ? (
          <b>
            <Since at={askedAt} />
          </b>
        ) : (
          "–"
        )}
      </td>
    </tr>
  );
}

/** What may be said now, written out, so that no officer promises that the money is back. */
function sayOf(t: ReturnType<typeof call.use>, { buckets_paise: sums, items }: AskedBanks): string {
  if (items.every((one) => one.asked_at === null)) return t("say.not_asked");
  const held = sums["held"] ?? 0;
  const inPlay = sums["in_play"] ?? 0;
  const said = [];
  if (held > 0) said.push(t("say.held", { sum: rupees(held) }));
  if (inPlay > 0) said.push(t("say.in_play", { sum: rupees(inPlay) }));
  if (held === 0 && inPlay === 0) said.push(t("say.nothing"));
  if (held > 0) said.push(t("say.not_back"));
  return said.join(" ");
}
