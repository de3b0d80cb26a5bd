/** Rupees and where they are. A bucket always has a letter beside its colour. */

import type { ReactNode } from "react";

import type { Schemas } from "../api/client.ts";
import { inWords, rupees, shortRupees } from "../text/rupees.ts";
import { parts } from "./catalogue.ts";

export type Bucket = Exclude<Schemas["Bucket"], "lost" | "proposed">;

export const LETTERS: Readonly<Record<Bucket, string>> = {
  held: "H",
  in_play: "P",
  restored: "R",
  released: "L",
  withdrawn: "W",
  spent: "S",
  refused: "X",
  untraced: "U",
};
const ORDER = Object.keys(LETTERS) as readonly Bucket[];

/** A sum, with its words in the title. */
export function Rupees({ paise, isShort = false }: { paise: number; isShort?: boolean }): ReactNode {
  const t = parts.use();
  return (
    <span className="nw" title={inWords(Math.abs(paise), t.language)}>
      {isShort ? shortRupees(paise, t.language) : rupees(paise)}
    </span>
  );
}

export function BucketMark({ bucket }: { bucket: Bucket }): ReactNode {
  const t = parts.use();
  return (
    <abbr className="bk" data-b={LETTERS[bucket]} title={t(`bucket.${bucket}`)}>
      {LETTERS[bucket]}
    </abbr>
  );
}

/** The bar of a sum: one part for each bucket, as wide as its rupees. The parts always sum. */
export function LedgerBar({ paise }: { paise: Readonly<Partial<Record<Bucket, number>>> }): ReactNode {
  const t = parts.use();
  const shown = ORDER.flatMap((bucket) => {
    const sum = paise[bucket] ?? 0;
    return sum > 0 ? [{ bucket, sum }] : [];
  });
  const total = shown.reduce((sum, one) => sum + one.sum, 0);
  const said = shown.map((one) => `${t(`bucket.${one.bucket}`)} ${rupees(one.sum)}`).join(", ");
  return (
    <div className="sum" role="img" aria-label={t("of_sum", { sum: rupees(total), parts: said })}>
      {shown.map((one) => (
        <span key={one.bucket} data-b={LETTERS[one.bucket]} style={{ flexGrow: one.sum }}>
          {LETTERS[one.bucket]} <span className="cut">{`${t(`bucket.${one.bucket}`)} ${rupees(one.sum)}`}</span>
        </span>
      ))}
    </div>
  );
}
