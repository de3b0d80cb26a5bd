import type { ReactNode } from "react";

import { useBankName } from "../../parts/names.ts";
import type { Line } from "./asked.ts";

/** The accounts of files by bank and last characters, as the order of a court names them, without those with no money. */
export function AccountsOf({ lines }: { lines: readonly Line[] }): ReactNode {
  const bankOf = useBankName();
  const shown = lines.flatMap((line) => line.accounts.filter((one) => one.held_paise > 0 || line.accounts.length === 1));
  const names = [...new Set(shown.map((one) => `${bankOf(one.institution)} ••${one.account_end}`))];
  return <span>{names.join(", ")}</span>;
}
