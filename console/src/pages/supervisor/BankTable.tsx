/** Every bank with its share in time, those with the most requests waiting first: no rank. */

import { type ReactNode, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { glanceText } from "../../text/spans.ts";
import type { Which } from "./asked.ts";
import { standingOf } from "./limits.ts";
import { InTime } from "./StageTable.tsx";
import { supervisor } from "./text.ts";

type Figures = Schemas["StageFigures"];

const FIRST = 8;
const nameOf = (bank: Figures): string => bank.name || (bank.about ?? "");
const counted = new Intl.NumberFormat("en-IN");

export function BankTable({
  banks,
  all,
  show,
}: {
  banks: readonly Figures[];
  all: number;
  show: (about: string, name: string, only: Which) => void;
}): ReactNode {
  const t = supervisor.use();
  const [isWhole, setIsWhole] = useState(false);
  const ordered = [...banks].sort((one, other) => other.waiting - one.waiting || other.began - one.began);
  return (
    <>
      <div className="figures-scroll" role="region" aria-label={t("banks_table")} tabIndex={0}>
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">{t("bank")}</th>
              <th scope="col" className="num">{t("in_time")}</th>
              <th scope="col" className="num">{t("half")}</th>
              <th scope="col" className="num">{t("requests")}</th>
              <th scope="col" className="num">{t("waiting")}</th>
            </tr>
          </thead>
          <tbody>
            {(isWhole ? ordered : ordered.slice(0, FIRST)).map((one) => (
              <BankRow key={one.about} bank={one} all={all} show={(only) => show(one.about ?? "", nameOf(one), only)} />
            ))}
          </tbody>
        </table>
      </div>
      {ordered.length > FIRST && (
        <button type="button" className="btn" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
          {isWhole ? t("banks_fewer") : t("banks_all", { count: ordered.length })}
        </button>
      )}
    </>
  );
}

function BankRow({ bank, all, show }: { bank: Figures; all: number; show: (only: Which) => void }): ReactNode {
  const t = supervisor.use();
  const name = nameOf(bank);
  const isBelow = standingOf(bank.policy.share ?? 0, bank.policy.judged ?? 1, all) === "below";
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="num">
        <InTime policy={bank.policy} isBad={isBelow} />
      </td>
      <td className="num">{bank.seconds.p50_seconds == null ? "–" : glanceText(bank.seconds.p50_seconds, t.language)}</td>
      <td className="num">
        <button type="button" className="btn link" aria-label={t("open_bank", { count: bank.began, name })} onClick={() => show("all")}>
          {counted.format(bank.began)}
        </button>
      </td>
      <td className="num">
        {bank.waiting === 0 ? (
          <span className="mut">0</span>
        ) : (
          <button
            type="button"
            className="btn link"
            aria-label={t("open_waiting", { count: bank.waiting, name })}
            onClick={() => show("waiting")}
          >
            {counted.format(bank.waiting)}
          </button>
        )}
      </td>
    </tr>
  );
}
