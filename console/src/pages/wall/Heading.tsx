import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { shell } from "../../app/commands.ts";
import { session } from "../../app/session.ts";
import { useNow } from "../../text/clock.ts";
import { fullText, machineText, timeText } from "../../text/moments.ts";
import { glanceText } from "../../text/spans.ts";
import { wall } from "./text.ts";

const LOCALES = { en: "en-IN", hi: "hi-IN-u-nu-latn" } as const;

/** Whose wall it is, the day, and of when the figures are. */
export function Heading({
  day,
  asOf,
  isStale,
}: {
  day: string | null;
  asOf: number | null;
  isStale: boolean;
}): ReactNode {
  const t = wall.use();
  const said = shell.use();
  const now = useNow();
  // An officer who came from another page can go back; a display has no other page.
  const isOfficer = useQueryClient().getQueryData(session.queryKey) !== undefined;
  const name = `${said("state")} · ${t("desk")}`;
  const written =
    day === null
      ? ""
      : new Intl.DateTimeFormat(LOCALES[t.language], { dateStyle: "full", timeZone: "UTC" }).format(Date.parse(day));
  return (
    <header>
      <h1>{isOfficer ? <Link to="/">{name}</Link> : name}</h1>
      <p className="wall-day">{written && t("day", { day: written })}</p>
      <p className="wall-live">
        <i aria-hidden="true" />
        {isStale ? t("stale", { span: asOf === null ? "…" : glanceText((now - asOf) / 1000, t.language) }) : t("live")}
      </p>
      <p className="sr" role="status">
        {isStale && t("stale_said")}
      </p>
      <p className="wall-as-of">
        <small>{t("as_of")}</small>{" "}
        {asOf === null ? (
          "–"
        ) : (
          <time dateTime={machineText(asOf)} title={fullText(asOf)}>
            {timeText(asOf)}
          </time>
        )}{" "}
        <small>IST</small>
      </p>
    </header>
  );
}

/** The heading of a panel; it says since when the panel is not known, if its part of the figures is old. */
export function PanelTitle({
  id,
  title,
  rule,
  asOf = null,
  limitMs = Number.POSITIVE_INFINITY,
}: {
  id: string;
  title: string;
  rule: string;
  asOf?: string | null;
  limitMs?: number;
}): ReactNode {
  const t = wall.use();
  const now = useNow();
  const at = asOf === null ? now : Date.parse(asOf);
  return (
    <h2 id={id}>
      {title} {now - at > limitMs ? <small className="warn">{t("not_known", { at: timeText(at).slice(0, 5) })}</small> : <small>{rule}</small>}
    </h2>
  );
}
