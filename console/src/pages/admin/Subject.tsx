/** What a change is about, as people call it: a bank and the policy by their names, all else as it stands. */

import type { ReactNode } from "react";

import { useBankName } from "../../parts/names.ts";
import { admin } from "./text.ts";

const OF_BANKS = /^(bank_|institution_|nodal_officers_)/;
/** The subject of a change of all banks at once. */
const ALL = "*";

export function Subject({ kind, subject }: { kind: string; subject: string }): ReactNode {
  const t = admin.use();
  const isBank = OF_BANKS.test(kind);
  const bankOf = useBankName();
  if (kind.startsWith("policy_")) return t("section.policy");
  if (isBank && subject === ALL) return t("all_banks");
  const name = isBank ? bankOf(subject) : subject;
  if (name === subject) return <span className="mono">{subject}</span>;
  return (
    <>
      {name} <span className="mono mut sm">{subject}</span>
    </>
  );
}
