/** Where each rupee of the case is, and whether it sums. */

import type { ReactNode } from "react";

import { BucketMark, type Bucket, LedgerBar, LETTERS, Rupees } from "../../parts/money.tsx";
import { rupees } from "../../text/rupees.ts";
import type { CaseView } from "./data.ts";
import { caseText } from "./text.ts";

export function Ledger({ view }: { view: CaseView }): ReactNode {
  const t = caseText.use();
  const sums = Object.fromEntries(
    (Object.keys(LETTERS) as Bucket[]).map((bucket) => [bucket, view.buckets_paise[bucket] ?? 0]),
  ) as Record<Bucket, number>;
  const total = Math.abs(view.buckets_paise["lost"] ?? 0);
  const isWhole = view.unaccounted_paise === 0;
  return (
    <div className="led">
      {isWhole ? <LedgerBar paise={sums} /> : null}
      {!isWhole && (
        <p className="note bad b" role="alert">
          {t("ledger.broken", { sum: rupees(Math.abs(view.unaccounted_paise)) })}
        </p>
      )}
      <ul>
        {(Object.keys(LETTERS) as Bucket[])
          .filter((bucket) => sums[bucket] > 0)
          .map((bucket) => (
            <li key={bucket}>
              <BucketMark bucket={bucket} /> {t(`stays.${bucket}`)}{" "}
              <b>
                <Rupees paise={sums[bucket]} />
              </b>
            </li>
          ))}
        {isWhole && (
          <li className="push">
            <span className="good b">✓ {t("ledger.sums")}</span> <b>{rupees(total)}</b>{" "}
            <span className="mut">{t("ledger.lost")}</span>
          </li>
        )}
      </ul>
    </div>
  );
}
