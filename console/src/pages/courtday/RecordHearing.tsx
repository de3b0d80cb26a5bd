/** The day on which a court hears the ticked files, in place of the days that stand. Of one file its earlier days are shown. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok, problemOf } from "../../api/problem.ts";
import { Field } from "../../parts/Field.tsx";
import { Moment } from "../../parts/time.tsx";
import { personOf } from "../../text/actors.ts";
import { serverNow } from "../../text/clock.ts";
import { isoDay, localText } from "../../text/moments.ts";
import { AccountsOf } from "./AccountsOf.tsx";
import type { Asked, Line } from "./asked.ts";
import { courtdayCommands } from "./commands.ts";
import { type Outcome, OneByOne } from "./OneByOne.tsx";
import { ALL } from "./reads.ts";
import { courtday } from "./text.ts";

export function RecordHearing({
  asked,
  lines,
  close,
}: {
  asked: Asked;
  lines: readonly Line[];
  close: (isDone: boolean) => void;
}): ReactNode {
  const t = courtday.use();
  const [own] = useState(lines);
  const hasDay = own.some((one) => one.hearing !== null);
  const [only] = own.length === 1 ? own : [];
  const [heldOn, setHeldOn] = useState(only?.hearing?.held_on ?? asked.heard);
  const [court, setCourt] = useState(only?.hearing?.court ?? asked.court);
  const [isOff, setIsOff] = useState(false);
  const send = async (line: Line | undefined, reason: string): Promise<Outcome> => {
    if (line === undefined) return { isDone: false, text: "" };
    try {
      await ok(
        api.POST("/api/v1/restorations/{restoration_id}/court-hearings", {
          params: { path: { restoration_id: line.restoration_id } },
          body: {
            held_on: isOff ? null : heldOn,
            court: court.trim(),
            seen: line.hearing?.court_hearing_id ?? null,
            reason,
          },
        }),
      );
      return { isDone: true, text: "" };
    } catch (error) {
      return { isDone: false, ...problemOf(error).said() };
    }
  };
  return (
    <OneByOne
      title={courtdayCommands.hearing.label()}
      says={t("says.hearing")}
      items={own.map((one) => ({
        key: one.restoration_id,
        name: one.ack_no,
        paise: one.held_paise,
        about: (
          <span className="mut">
            <AccountsOf lines={[one]} />
            {one.hearing && ` · ${t("stands", { day: localText(one.hearing.held_on), court: one.hearing.court })}`}
          </span>
        ),
      }))}
      needsReason
      begins={hasDay ? "" : t("hearing.first_reason")}
      isReady={court.trim() !== "" && (isOff || heldOn !== "")}
      send={(item, reason) => send(own.find((one) => one.restoration_id === item.key), reason)}
      close={close}
    >
      <div className="courtday-facts">
        <Field
          label={t("held_on")}
          type="date"
          autoFocus
          min={isoDay(serverNow())}
          value={isOff ? "" : heldOn}
          disabled={isOff}
          onChange={(event) => setHeldOn(event.target.value)}
        />
        <Field label={t("hearing_court")} maxLength={200} value={court} onChange={(event) => setCourt(event.target.value)} />
      </div>
      {hasDay && (
        <label className="row">
          <input type="checkbox" checked={isOff} onChange={(event) => setIsOff(event.target.checked)} /> {t("no_day")}
        </label>
      )}
      {only && <Earlier line={only} />}
    </OneByOne>
  );
}

/** Every day that was recorded for a file, with who recorded it and why another one took its place. */
function Earlier({ line }: { line: Line }): ReactNode {
  const t = courtday.use();
  const found = useQuery({
    queryKey: [...ALL, "hearings", line.restoration_id],
    queryFn: () =>
      ok(
        api.GET("/api/v1/restorations/{restoration_id}/court-hearings", {
          params: { path: { restoration_id: line.restoration_id } },
        }),
      ),
  });
  if (!found.data?.items.length) return null;
  return (
    <section aria-label={t("hearings")}>
      <h3 className="sm">{t("hearings")}</h3>
      <ul className="courtday-outcomes">
        {found.data.items.map((one) => (
          <li key={one.court_hearing_id}>
            <b>{localText(one.held_on)}</b>, {one.court}{" "}
            <span className="mut">
              {t("recorded_by", { officer: personOf(one.recorded_by) })} <Moment at={Date.parse(one.recorded_at)} />
            </span>
            {one.ended_reason !== null && (
              <div className="xs mut">{t("ended_because", { officer: personOf(one.ended_by), reason: one.ended_reason })}</div>
            )}
            {one.told_at !== null && (
              <div className="xs mut">
                {t("io_told")} <Moment at={Date.parse(one.told_at)} />
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
