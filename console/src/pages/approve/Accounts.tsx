/** What goes to the victim, account by account: the voices of the banks on each, and a foot that shows the subtraction. */

import { useQueryClient } from "@tanstack/react-query";
import { Fragment, type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useSession } from "../../app/session.ts";
import { Rupees } from "../../parts/money.tsx";
import { useBankName } from "../../parts/names.ts";
import { Moment } from "../../parts/time.tsx";
import { isActor, personOf } from "../../text/actors.ts";
import { rupees } from "../../text/rupees.ts";
import { type Act, reasonAsk } from "../case/acts/act.ts";
import { ActButtons } from "../case/acts/ActButtons.tsx";
import { caseText, worded } from "../case/text.ts";
import { type Account, type File, isInVain, standingOf, type Sums, type Transfer, unsettled, type View } from "./figures.ts";
import { part } from "./reads.ts";
import { approve } from "./text.ts";

export function Accounts({ view, file, sums }: { view: View; file: File; sums: Sums }): ReactNode {
  const t = approve.use();
  const isWhole = sums.stays >= 0;
  // What is on hold becomes less with each credit, also by the file of another victim. Nothing is left to subtract.
  const isDecided = isInVain(view) || view.step === "credit" || view.step === "bond";
  return (
    <section className="panel" aria-labelledby="h-accounts">
      <header>
        <h2 id="h-accounts">{t(isInVain(view) ? "accounts_over" : "accounts_title")}</h2>
        {view.prepared_by === null && <span className="sm mut">{t("not_prepared")}</span>}
      </header>
      <div className="scroll" role="region" aria-labelledby="h-accounts" tabIndex={0}>
        <table className="give">
          <thead>
            <tr>
              <th scope="col">{t("col.account")}</th>
              {!isDecided && (
                <>
                  <th scope="col" className="num">
                    {t("col.held")}
                  </th>
                  <th scope="col" className="num">
                    {t("col.stays")}
                  </th>
                </>
              )}
              <th scope="col" className="num">
                {t("col.victim")}
              </th>
              <th scope="col">{t("col.confirms")}</th>
            </tr>
          </thead>
          <tbody>
            {file.accounts.map((one) => (
              <Row key={one.hold_id} one={one} isDecided={isDecided} ackNo={view.case_ack_no} />
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>
                {t.count("accounts", file.accounts.length)}
                {file.more_accounts && <span className="bad"> {t("more_accounts")}</span>}
              </td>
              {!isDecided && (
                <>
                  <td className="num" data-head={t("col.held")}>
                    <Rupees paise={sums.held} />
                  </td>
                  <td className="num" data-head={t("col.stays")}>
                    <Rupees paise={sums.stays} />
                  </td>
                </>
              )}
              <td className="num" data-head={t("col.victim")}>
                <Rupees paise={sums.victim} />
              </td>
              <td className="sm">
                {!isDecided && (
                  <>
                    <span className="nw mut">{`${rupees(sums.held)} − ${rupees(sums.stays)} = ${rupees(sums.victim)}`}</span>{" "}
                    <span className={isWhole ? "good" : "bad b"}>{isWhole ? "✓" : t("more_than_held")}</span>
                  </>
                )}
              </td>
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  );
}

function Row({ one, isDecided, ackNo }: { one: Account; isDecided: boolean; ackNo: string }): ReactNode {
  const t = approve.use();
  return (
    <tr>
      <td>
        <b>{one.name}</b> <span className="mono">••{one.account_end}</span>
        {one.transfers.map((transfer) => (
          <span key={transfer.hop_no} className="block xs mut">
            {t("transfer", { layer: transfer.layer, hop: transfer.hop_no, end: transfer.payer_end })}{" "}
            <span className="mono">{transfer.reference}</span>
          </span>
        ))}
      </td>
      {!isDecided && (
        <>
          <td className="num" data-head={t("col.held")}>
            <Rupees paise={one.held_paise} />
          </td>
          <td className="num" data-head={t("col.stays")}>
            {one.held_paise === one.victim_paise ? <span className="mut">{t("none")}</span> : <Rupees paise={one.held_paise - one.victim_paise} />}
            {one.others > 0 && (
              <span className="block xs mut">
                {t.count("others", one.others)} <Rupees paise={one.others_claim_paise} />
              </span>
            )}
          </td>
        </>
      )}
      <td className="num" data-head={t("col.victim")}>
        <b>
          <Rupees paise={one.victim_paise} />
        </b>
      </td>
      <td className="sm">
        {one.transfers.map((transfer) => (
          <Voices key={transfer.hop_no} transfer={transfer} ackNo={ackNo} />
        ))}
      </td>
    </tr>
  );
}

const MARKS = { good: "✓", differs: "!", silent: "–", entered: "!" } as const;
const TONES = { good: "good b", differs: "bad b", silent: "mut", entered: "warn b" } as const;

/** What the two banks said of one transfer, and who settled it if they did not agree. */
function Voices({ transfer, ackNo }: { transfer: Transfer; ackNo: string }): ReactNode {
  const t = approve.use();
  // A complaint may name the bank by its code.
  const bankOf = useBankName();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div className="voices">
      {(["holder", "payer"] as const).map((which) => {
        const voice = transfer[which];
        const standing = standingOf(transfer, which);
        return (
          <div key={which}>
            <span className={TONES[standing]}>{MARKS[standing]}</span>{" "}
            {voice.paise === null ? (
              <span className="mut">{t(`silent.${which}`, { bank: bankOf(voice.name) })}</span>
            ) : (
              <>
                {t(`voice.${which}`, { bank: bankOf(voice.name) })} <Rupees paise={voice.paise} />
                {voice.stated_at !== null && (
                  <>
                    , <Moment at={Date.parse(voice.stated_at)} />
                  </>
                )}
                {voice.channel !== null && `, ${worded(t, "channel", voice.channel)}`}
              </>
            )}
          </div>
        );
      })}
      {transfer.entered_by.length > 0 && (
        <div className="warn">{t(`entered.${transfer.confirmed_by === "workbook" ? "workbook" : "telephone"}`, { officers: transfer.entered_by.map(personOf).join(", ") })}</div>
      )}
      {transfer.entered_by.length > 0 && <Entered transfer={transfer} ackNo={ackNo} />}
      {transfer.confirmed_by === "nothing" && <div className="bad b">! {t("confirmed_by_nobody")}</div>}
      {transfer.discrepancies.length > 0 && (
        <>
          <button type="button" className="btn link" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
            {unsettled(transfer) ? t("not_settled") : t.count("settled", transfer.discrepancies.length)}
          </button>
          {isOpen && <Settled transfer={transfer} />}
        </>
      )}
    </div>
  );
}

/** The second officer who confirmed what was entered, or the button to confirm it as that officer. */
function Entered({ transfer, ackNo }: { transfer: Transfer; ackNo: string }): ReactNode {
  const t = approve.use();
  const client = useQueryClient();
  const { actions, officer_id } = useSession();
  const mayConfirm = actions.includes("confirm_entered") && !transfer.entered_by.some((officer) => isActor(officer_id, officer));
  const act: Act = {
    name: "confirm entered",
    title: t("entered.confirm"),
    says: t("entered.confirm_says"),
    facts: (["payer", "holder"] as const).map((which) => [transfer[which].name, rupees(transfer[which].paise ?? 0)] as const),
    asks: [reasonAsk()],
    run: async (given) => {
      const done = await ok(
        api.POST("/api/v1/cases/{ack_no}/hops/{hop_no}/entered-confirmations", {
          params: { path: { ack_no: ackNo, hop_no: transfer.hop_no } },
          body: {
            sent_paise: transfer.payer.paise ?? 0,
            placed_paise: transfer.holder.paise ?? 0,
            reason: given.text("reason"),
          },
        }),
      );
      void client.invalidateQueries({ queryKey: part() });
      return done;
    },
  };
  if (transfer.entered_confirmed_by !== null) {
    return <div className="mut">{t("entered.confirmed", { officer: personOf(transfer.entered_confirmed_by) })}</div>;
  }
  return (
    <>
      <div className="xs mut">{t("entered.claims_nothing")}</div>
      <ActButtons acts={[mayConfirm && act]} ackNo={ackNo} />
    </>
  );
}

function Settled({ transfer }: { transfer: Transfer }): ReactNode {
  const t = approve.use();
  const bankOf = useBankName();
  const words = caseText.use();
  return (
    <dl className="both">
      {transfer.discrepancies.map((one) => (
        <Fragment key={one.discrepancy_id}>
          <dt>{worded(words, "discrepancy", one.kind)}</dt>
          <dd>
            {t("claimed", { bank: bankOf(one.institution) })} <Rupees paise={one.claimed_paise} />, {t("booked")} <Rupees paise={one.applied_paise} />
            <br />
            {one.decision === null || one.settled_at === null ? (
              <b className="bad">{t("not_settled")}</b>
            ) : (
              <>
                {worded(words, "decision", one.decision)}: {personOf(one.settled_by)}
                {one.proposed_by !== null && ` (${t("proposed_by", { officer: personOf(one.proposed_by) })})`}, <Moment at={Date.parse(one.settled_at)} />
                {one.reason && <span className="mut"> “{one.reason}”</span>}
              </>
            )}
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}
