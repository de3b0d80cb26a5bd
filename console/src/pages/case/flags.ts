/** Flags of a transfer in the language of the page. Pure. */

import type { Schemas } from "../../api/client.ts";
import type { BankName } from "../../parts/names.ts";
import type { Read } from "../../text/catalogue.ts";
import type { Said } from "../../text/sentences.ts";

type Flag = Schemas["Flag"];

/** What the message of a flag states beside its code. */
const FACTS: Readonly<Record<string, RegExp>> = {
  bank_names_another_account: /^(?<bank>\S+) says that the money went to account (?<account>.+)$/,
  sent_by_another_bank: /^(?<bank>\S+) says that/,
  asked_through_sponsor: /^(?<bank>\S+) has no channel of its own: its sponsor (?<sponsor>\S+) is asked/,
  known_in_another_case: /in case (?<case>\d+)$/,
};

/** Return the text of a flag; its English message if the flag is new to this page. */
export function flagSaid<Key extends string>(t: Read<Key>, flag: Flag, nameOf: BankName): Said {
  const key = `hop_flag.${flag.code}`;
  const facts = FACTS[flag.code];
  const found = facts?.exec(flag.message)?.groups;
  if (!t.has(key) || (facts && !found)) return { text: flag.message, lang: "en" };
  const { bank, sponsor, ...others } = found ?? {};
  const banks = { ...(bank !== undefined && { bank: nameOf(bank) }), ...(sponsor !== undefined && { sponsor: nameOf(sponsor) }) };
  return { text: t(key, { ...others, ...banks }) };
}
