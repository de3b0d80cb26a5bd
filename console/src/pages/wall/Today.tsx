import { memo, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { parts } from "../../parts/catalogue.ts";
import { rupees, shortRupees } from "../../text/rupees.ts";
import { percents } from "../../text/shares.ts";
import { Opens } from "./Opens.tsx";
import { wall } from "./text.ts";

const PAISE = 100;
/** A part of the bar that is narrower than this has only its letter. */
const NAMED_FROM_PERCENT = 24;
const counted = new Intl.NumberFormat("en-IN");

/** Complaints and rupees of today; the bar's parts sum to the rupees. */
export const Today = memo(function Today({
  today,
  open,
}: {
  today: Schemas["WallToday"] | null;
  /** opens the cases behind a number of it */
  open?: (figure: Schemas["MoneyFigure"]) => void;
}): ReactNode {
  const t = wall.use();
  const named = parts.use();
  const buckets = (today?.buckets ?? []).map((one) => ({ ...one, name: named(`bucket.${one.bucket as "held"}`) }));
  const shares = percents(buckets.map((one) => one.paise));
  const total = (today?.rupees ?? 0) * PAISE;
  const said = buckets.map((one) => `${one.name} ${rupees(one.rupees * PAISE)}`).join(", ");
  const saidOf = (value: string, name: string): string => t("open_cases", { value, name });
  const opens = (figure: Schemas["MoneyFigure"], amount: number): (() => void) | undefined =>
    open && amount > 0 ? () => open(figure) : undefined;
  return (
    <section className="wall-money" aria-label={t.count("complaints", today?.complaints ?? 0)}>
      <div className="wall-top">
        <Opens open={opens("complaints", today?.complaints ?? 0)} said={saidOf(counted.format(today?.complaints ?? 0), t.count("complaints", today?.complaints ?? 0))}>
          <b>{today === null ? "–" : counted.format(today.complaints)}</b>
        </Opens>
        <span>
          {t.count("complaints", today?.complaints ?? 0)}
          <br />
          <small>{t("yesterday", { count: today === null ? "–" : counted.format(today.complaints_yesterday) })}</small>
        </span>
        <Opens open={opens("all", total)} said={saidOf(rupees(total), t("lost"))}>
          <b className="wall-sum">{today === null ? "–" : rupees(total)}</b>
        </Opens>
        <span>
          {t("lost")}
          <br />
          <small>{t("bar_sums")}</small>
        </span>
      </div>
      <div className="wall-bar" role="img" aria-label={named("of_sum", { sum: rupees(total), parts: said })}>
        {buckets.map((one, place) =>
          one.paise === 0 ? null : (
            <div key={one.bucket} data-b={one.letter} style={{ flexGrow: one.paise }}>
              <b>{one.letter}</b>
              {(shares[place] ?? 0) >= NAMED_FROM_PERCENT && (
                <span>
                  {shortRupees(one.rupees * PAISE, t.language)}
                  <br />
                  <small>
                    {one.name}, {shares[place]}%
                  </small>
                </span>
              )}
            </div>
          ),
        )}
      </div>
      <ul className="wall-key">
        {buckets.map((one) => (
          <li key={one.bucket} className={one.paise === 0 ? "wall-none" : undefined}>
            <i className="wall-letter" data-b={one.letter}>
              {one.letter}
            </i>
            {one.name}{" "}
            <Opens open={opens(one.bucket as "held", one.paise)} said={saidOf(rupees(one.rupees * PAISE), one.name)}>
              {shortRupees(one.rupees * PAISE, t.language)}
            </Opens>
          </li>
        ))}
      </ul>
    </section>
  );
});
