/** What the check of a draft says, as findings below the fields that they are about. */

import type { Finding } from "../../parts/Field.tsx";
import type { Read } from "../../text/catalogue.ts";
import { dayText } from "../../text/moments.ts";
import { shortRupees } from "../../text/rupees.ts";
import type { Said } from "../../text/sentences.ts";
import type { Content, Side } from "./content.ts";
import { transferOf } from "./content.ts";
import type { Check } from "./drafts.ts";
import type { call } from "./text.ts";

type Text = ReturnType<typeof call.use>;
/** Flags that say nothing is wrong with what is typed. */
const MILD: ReadonlySet<string> = new Set(["time_missing", "asked_through_sponsor", "stale"]);
const RRN_DIGITS = 12;
/** What a transfer needs before a bank can be asked. */
const FACTS = ["payer.institution", "rrn", "amount_paise", "transferred_at"];

function flagSaid(t: Text, code: string, message: string): Said {
  const key = `flag.${code}`;
  return (t as Read<string>).has(key) ? { text: (t as Read<string>)(key) } : { text: message, lang: "en" };
}

/** The findings of one field of the draft, such as `transfers[0].rrn`. */
export function findingsOf(t: Text, check: Check | undefined, content: Content, field: string): Finding[] {
  return (check?.flags ?? [])
    .filter((flag) => flag.field === field)
    .map((flag) => {
      const place = /^transfers\[(\d+)\]\.rrn$/.exec(field);
      const digits = place && (transferOf(content, Number(place[1])).rrn ?? "").replace(/\D/g, "").length;
      const said =
        flag.code === "odd_rrn" && digits
          ? { text: t("rrn_digits", { digits, wanted: RRN_DIGITS }) }
          : flagSaid(t, flag.code, flag.message);
      return { standing: MILD.has(flag.code) ? "warn" : "bad", ...said };
    });
}

/** The bank that the directory finds for one end. */
export function bankFinding(t: Text, check: Check | undefined, field: string): Finding[] {
  const found = check?.banks.find((one) => one.field === field);
  return found ? [{ standing: "good", text: t("bank_found", { bank: found.name }) }] : [];
}

/** Whether other cases have the transfer, and what is known of the account that was paid. */
export function known(t: Text, check: Check | undefined, index: number): { isTold: boolean; account: string } {
  const field = `transfers[${index}]`;
  const account = check?.accounts.find((one) => one.field === `${field}.payee`);
  return {
    isTold: check?.known.includes(field) ?? false,
    account: account
      ? t.count("known_account", account.cases, {
          held: shortRupees(account.held_paise, t.language),
          in_play: shortRupees(account.in_play_paise, t.language),
          first: dayText(Date.parse(account.first_at)),
          last: dayText(Date.parse(account.last_at)),
        })
      : "",
  };
}

/** The names of the facts that a transfer lacks before it can be sent. */
export function missingFacts(t: Text, check: Check | undefined, index: number): string[] {
  const beginning = `transfers[${index}].`;
  const missing = check?.missing ?? [];
  const names = missing.includes("transfers")
    ? FACTS
    : missing.filter((field) => field.startsWith(beginning)).map((field) => field.slice(beginning.length));
  return names.map((name) => {
    const key = `fact.${name}`;
    return (t as Read<string>).has(key) ? (t as Read<string>)(key) : name;
  });
}

export function sideField(index: number, side: Side, name: string): string {
  return `transfers[${index}].${side}.${name}`;
}
