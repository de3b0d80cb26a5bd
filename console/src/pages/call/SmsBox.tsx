/** A bank's message, pasted or read out: what is read of it fills the facts that are still empty. */

import { type ReactNode, type RefObject, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { Findings, type Finding } from "../../parts/Field.tsx";
import { localText } from "../../text/moments.ts";
import { rupees } from "../../text/rupees.ts";
import { type Content, type Transfer, transferOf, withTransfer } from "./content.ts";
import { type Institution, ofCode } from "./institutions.ts";
import { call } from "./text.ts";

export type Reading = Schemas["SmsReading"];

const SMS_MAX_CHARS = 1000;
const READ_FROM_CHARS = 20;

export function SmsBox({
  box,
  reading,
  institutions,
  onRead,
}: {
  box: RefObject<HTMLTextAreaElement | null>;
  reading: Reading | null;
  institutions: readonly Institution[];
  onRead: (reading: Reading) => void;
}): ReactNode {
  const t = call.use();
  const [text, setText] = useState("");
  const read = useVerb({
    run: (message: string) => ok(api.POST("/api/v1/drafts/read-sms", { body: { text: message } })),
    done: onRead,
  });
  const see = (message: string): void => {
    if (message.trim().length >= READ_FROM_CHARS) read.act(message.trim());
  };
  return (
    <div className="fact one">
      <label htmlFor="sms">{t("sms")}</label>
      <textarea
        id="sms"
        ref={box}
        className="in sms"
        rows={2}
        maxLength={SMS_MAX_CHARS}
        value={text}
        placeholder={t("sms_example")}
        onChange={(event) => setText(event.target.value)}
        onPaste={(event) => see(event.clipboardData.getData("text"))}
        onBlur={() => see(text)}
      />
      {reading && text && reading.parts?.some((one) => one.understood_as) && <Understood parts={reading.parts} />}
      <Findings findings={reading && text ? readings(t, reading, institutions) : []} />
    </div>
  );
}

/** The message with marks at what was understood, and what each is. */
function Understood({ parts }: { parts: NonNullable<Reading["parts"]> }): ReactNode {
  const t = call.use();
  return (
    <p className="sms-parts sm">
      {parts.map((one, place) =>
        one.understood_as ? (
          <mark key={place}>
            {one.text} <small>({t(`sms_part.${one.understood_as}`)})</small>
          </mark>
        ) : (
          one.text
        ),
      )}
    </p>
  );
}

function readings(t: ReturnType<typeof call.use>, reading: Reading, all: readonly Institution[]): Finding[] {
  if (reading.is_debit === false) return [{ standing: "warn", text: t("sms_credit") }];
  const { transfer } = reading;
  const bank = transfer.payer?.institution ? ofCode(transfer.payer.institution, all)?.name : "";
  const parts = [
    bank,
    transfer.amount_paise ? rupees(transfer.amount_paise) : "",
    reading.payer_account_end && `••${reading.payer_account_end}`,
    transfer.payee?.institution && `→ ${ofCode(transfer.payee.institution, all)?.name ?? transfer.payee.institution}`,
    transfer.payee?.vpa,
    reading.payee_name,
    transfer.rrn || transfer.utr,
    localText(transfer.transferred_at ?? ""),
  ].filter(Boolean);
  if (parts.length === 0) return [{ standing: "warn", text: t("sms_nothing") }];
  const found: Finding[] = [{ standing: "good", text: t("sms_read", { parts: parts.join(" · ") }) }];
  if (reading.unread.length > 0) found.push({ standing: "warn", text: t("sms_unread", { parts: reading.unread.join(" · ") }) });
  return found;
}

/** Fill what is empty of a transfer from a message. What was typed stays. */
export function filledFrom(content: Content, index: number, reading: Reading): Content {
  const now = transferOf(content, index);
  const { payer, payee, ...facts } = reading.transfer;
  const filled: Partial<Transfer> = {
    payer: filledIn(now.payer, payer),
    payee: filledIn(now.payee, payee),
    ...Object.fromEntries(Object.entries(facts).filter(([name]) => !now[name as keyof typeof facts])),
  };
  return withTransfer(content, index, filled);
}

function filledIn<Part extends object>(now: Part | undefined, read: Part | undefined): Part {
  const empty = Object.entries(read ?? {}).filter(([name, value]) => value && !now?.[name as keyof Part]);
  return { ...now, ...Object.fromEntries(empty) } as Part;
}
