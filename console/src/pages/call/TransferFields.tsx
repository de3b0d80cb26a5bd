/** The four facts of one transfer: who paid, who was paid, how much, and its reference with the time. */

import type { ReactNode } from "react";

import { Choose, Field, type Finding } from "../../parts/Field.tsx";
import { plainDigits } from "../../text/digits.ts";
import { BankField } from "./BankField.tsx";
import { type Content, holderText, readHolder, type Side, transferOf, withParty, withTransfer } from "./content.ts";
import type { Check } from "./drafts.ts";
import { bankFinding, findingsOf, known, sideField } from "./findings.ts";
import { MomentField, RupeesField } from "./inputs.tsx";
import type { Institution } from "./institutions.ts";
import { call } from "./text.ts";

const MODES = ["upi", "imps", "neft", "rtgs", "card", "aeps", "wallet", "cash_deposit", "other"] as const;
type Mode = (typeof MODES)[number];

interface Props {
  readonly content: Content;
  readonly index: number;
  readonly check: Check | undefined;
  readonly institutions: readonly Institution[];
  /** the last digits of the account that paid, as the bank's message has them */
  readonly accountEnd?: string;
  readonly change: (update: (content: Content) => Content) => void;
}

export function TransferFields(props: Props): ReactNode {
  const t = call.use();
  const { content, index, check, change } = props;
  const transfer = transferOf(content, index);
  const field = `transfers[${index}]`;
  const about = known(t, check, index);
  return (
    <>
      <div className="fact">
        <h3>
          <b>1</b>
          {t("paid_from")}
        </h3>
        <End {...props} side="payer" />
      </div>
      <div className="fact">
        <h3>
          <b>2</b>
          {t("paid_to")}
        </h3>
        <div>
          <End {...props} side="payee" />
          <div aria-live="polite">
            {about.account && (
              <p className="known">
                <b className="warn">{t("known")}</b> {about.account}
              </p>
            )}
            {about.isTold && (
              <p className="ck warn">
                <span>{t("told_already")}</span>
              </p>
            )}
          </div>
        </div>
      </div>
      <div className="fact">
        <h3>
          <b>3</b>
          {t("how_much")}
        </h3>
        <div className="cells c2">
          <RupeesField
            label={t("rupees")}
            paise={transfer.amount_paise ?? null}
            onChange={(paise) => change((now) => withTransfer(now, index, { amount_paise: paise }))}
          />
          <Choose
            label={t("by")}
            value={transfer.mode ?? ""}
            onChange={(event) => {
              const mode = (event.target.value || null) as Mode | null;
              change((now) => withTransfer(now, index, { mode }));
            }}
          >
            <option value="">{t("mode.none")}</option>
            {MODES.map((mode) => (
              <option key={mode} value={mode}>
                {t(`mode.${mode}`)}
              </option>
            ))}
          </Choose>
        </div>
      </div>
      <div className="fact">
        <h3>
          <b>4</b>
          {t("reference")}
        </h3>
        <div className="cells c2">
          <Field
            label={t("rrn")}
            isMono
            isStrong
            maxLength={64}
            value={transfer.rrn || transfer.utr || ""}
            findings={[...findingsOf(t, check, content, `${field}.rrn`), ...findingsOf(t, check, content, `${field}.utr`)]}
            onChange={(event) => {
              const text = plainDigits(event.target.value.trim());
              change((now) => withTransfer(now, index, isUtr(text) ? { rrn: "", utr: text } : { rrn: text, utr: "" }));
            }}
          />
          <MomentField
            label={t("moment")}
            value={transfer.transferred_at ?? ""}
            findings={findingsOf(t, check, content, `${field}.transferred_at`)}
            onChange={(value) => change((now) => withTransfer(now, index, { transferred_at: value }))}
          />
        </div>
      </div>
    </>
  );
}

/** A UTR of NEFT or RTGS begins with the letters of the bank; an RRN has digits only. */
function isUtr(text: string): boolean {
  return /^[A-Za-z]/.test(text);
}

function End({ content, index, check, institutions, accountEnd = "", change, side }: Props & { side: Side }): ReactNode {
  const t = call.use();
  const party = transferOf(content, index)[side];
  const at = (name: string): Finding[] => findingsOf(t, check, content, sideField(index, side, name));
  const odd = [...at("institution"), ...at("ifsc")];
  const found = odd.some((one) => one.standing === "bad") ? [] : bankFinding(t, check, `transfers[${index}].${side}`);
  const account = party?.account ?? "";
  const holder = holderText(party);
  return (
    <div className="cells c3">
      <BankField
        label={t(side === "payer" ? "payer_bank" : "payee_bank")}
        party={party}
        all={institutions}
        findings={[...found, ...odd]}
        onChange={(told) => change((now) => withParty(now, index, side, told))}
      />
      <Field
        label={t("account")}
        isMono
        maxLength={64}
        value={holder}
        findings={[...endFinding(t, side, account, accountEnd), ...at("account"), ...at("vpa")]}
        onChange={(event) => {
          const typed = event.target.value;
          change((now) => withParty(now, index, side, readHolder(typed, transferOf(now, index)[side])));
        }}
      />
      <Field
        label={t("wallet")}
        maxLength={64}
        value={party?.wallet ?? ""}
        onChange={(event) => {
          const text = event.target.value;
          change((now) => withParty(now, index, side, { wallet: text }));
        }}
      />
    </div>
  );
}

/** Whether the account that paid ends as the bank's message says. */
function endFinding(t: ReturnType<typeof call.use>, side: Side, account: string, end: string): Finding[] {
  if (side !== "payer" || !end) return [];
  if (!account) return [{ standing: "plain", text: t("account_end", { end }) }];
  return account.endsWith(end)
    ? [{ standing: "good", text: t("account_end_fits", { end }) }]
    : [{ standing: "warn", text: t("account_end_differs", { end }) }];
}
