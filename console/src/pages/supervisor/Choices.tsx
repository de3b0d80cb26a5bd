/** Period, district and grouping of the figures. Each choice goes into the address at once. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useNow } from "../../text/clock.ts";
import { isoDay } from "../../text/moments.ts";
import { type Asked, GROUPS, PERIODS } from "./asked.ts";
import { overview } from "./reads.ts";
import { supervisor } from "./text.ts";

export function Choices({
  asked,
  change,
  children,
}: {
  asked: Asked;
  change: (changes: Partial<Asked>) => void;
  children: ReactNode;
}): ReactNode {
  const t = supervisor.use();
  const today = isoDay(useNow());
  return (
    <div className="figures-choices" role="toolbar" aria-label={t("choices")}>
      <span role="group" aria-label={t("period")} className="row wrap">
        {PERIODS.map((days) => (
          <button
            key={days}
            type="button"
            className="btn"
            aria-pressed={asked.first === null && asked.days === days}
            onClick={() => change({ days, first: null, last: null })}
          >
            {t.count("days", days)}
          </button>
        ))}
        <label className="figures-day">
          {t("first_day")}
          <input
            type="date"
            className="in"
            max={asked.last ?? today}
            value={asked.first ?? ""}
            onChange={(event) => change({ first: event.target.value || null, ...(!event.target.value && { last: null }) })}
          />
        </label>
        <label className="figures-day">
          {t("last_day")}
          <input
            type="date"
            className="in"
            min={asked.first ?? undefined}
            max={today}
            disabled={asked.first === null}
            value={asked.last ?? ""}
            onChange={(event) => change({ last: event.target.value || null })}
          />
        </label>
      </span>
      <District asked={asked} change={change} />
      <span role="group" aria-label={t("by")} className="row wrap">
        {GROUPS.map((by) => (
          <button key={by} type="button" className="btn" aria-pressed={asked.by === by} onClick={() => change({ by })}>
            {t(`by.${by}`)}
          </button>
        ))}
      </span>
      <span className="push row wrap">
        <Link to="/wall" className="btn">
          {t("wall")}
        </Link>
        {children}
      </span>
    </div>
  );
}

function District({ asked, change }: { asked: Asked; change: (changes: Partial<Asked>) => void }): ReactNode {
  const t = supervisor.use();
  const { data } = useQuery(overview);
  const districts = [...(data?.recent.districts ?? [])].sort((one, other) => one.english.localeCompare(other.english));
  const isKnown = asked.district === null || districts.some((one) => one.code === asked.district);
  return (
    <select
      className="in figures-district"
      aria-label={t("district")}
      value={asked.district ?? ""}
      onChange={(event) => change({ district: event.target.value || null })}
    >
      <option value="">{t("whole_state")}</option>
      {!isKnown && <option value={asked.district ?? ""}>{asked.district}</option>}
      {districts.map((one) => (
        <option key={one.code} value={one.code}>
          {t.language === "hi" ? one.hindi : one.english}
        </option>
      ))}
    </select>
  );
}
