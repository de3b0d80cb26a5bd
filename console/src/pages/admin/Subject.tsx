/** What a change is about, as people call it: a bank and the policy by their names, all else as it stands. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { bankNames } from "./reads.ts";
import { admin } from "./text.ts";

const OF_BANKS = /^(bank_|institution_|nodal_officers_)/;
/** The subject of a change of all banks at once. */
const ALL = "*";

export function Subject({ kind, subject }: { kind: string; subject: string }): ReactNode {
  const t = admin.use();
  const isBank = OF_BANKS.test(kind);
  const names = useQuery({ ...bankNames, enabled: isBank }).data;
  if (kind.startsWith("policy_")) return t("section.policy");
  if (isBank && subject === ALL) return t("all_banks");
  const name = isBank ? names?.get(subject) : undefined;
  if (name === undefined) return <span className="mono">{subject}</span>;
  return (
    <>
      {name} <span className="mono mut sm">{subject}</span>
    </>
  );
}
