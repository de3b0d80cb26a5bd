/** The victim of a complaint behind a button, because reading it is logged, and how the person is reached safely. */

import { type ReactNode, useEffect, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { readerOf } from "../../api/readReason.ts";
import { useVerb } from "../../api/verb.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { useDistrictName } from "../../parts/names.ts";
import { caseCommands } from "./commands.ts";
import { caseText } from "./text.ts";

/** How long a victim's name and number stay on the screen. */
const SHOWN_MS = 60_000;

type Reach = NonNullable<Schemas["VictimView"]["reach"]>;

/** What was read is forgotten after a minute. The victim of the case's first complaint has a key of its own. */
export function Victim({ ackNo, complaint }: { ackNo: string; complaint: string }): ReactNode {
  const t = caseText.use();
  const districtOf = useDistrictName();
  const [victim, setVictim] = useState<Schemas["VictimView"] | null>(null);
  const verb = useVerb({
    run: (_: null) =>
      ok(readerOf(ackNo).GET("/api/v1/cases/{ack_no}/victim", { params: { path: { ack_no: complaint } } })),
    done: setVictim,
  });
  useEffect(() => {
    if (victim === null) return undefined;
    const timer = setTimeout(() => setVictim(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [victim]);
  const reveal = { run: () => verb.act(null), isDisabled: verb.isRunning, className: "btn link" };
  return (
    <span className="victim" aria-live="polite">
      {victim === null ? (
        <>
          <b aria-hidden="true">••••• ••••••</b>{" "}
          {complaint === ackNo ? (
            <CommandButton command={caseCommands.reveal} {...reveal} />
          ) : (
            <button type="button" className={reveal.className} disabled={reveal.isDisabled} onClick={reveal.run}>
              {caseCommands.reveal.label()}
            </button>
          )}{" "}
          <span className="xs mut">{t("reveal.logged")}</span>
        </>
      ) : (
        <>
          <SafeWay reach={victim.reach} />
          <b>{victim.victim.name}</b> · <span className="mono">{victim.victim.mobile}</span> · {districtOf(victim.district)}
          {victim.woman && <span className="chip acc">{t("woman")}</span>}
          {victim.senior && <span className="chip acc">{t("senior")}</span>}
          {victim.child && <span className="chip acc">{t("child")}</span>}{" "}
          <button type="button" className="btn link" onClick={() => setVictim(null)}>
            {t("hide")}
          </button>
        </>
      )}
    </span>
  );
}

/** How the victim can be reached without danger. It stands before the number, because a call may do harm. */
function SafeWay({ reach }: { reach: Reach | null }): ReactNode {
  const t = caseText.use();
  if (reach === null) return <span className="block xs mut">{t("reach.unknown")}</span>;
  const hours =
    reach.from_hour != null && reach.to_hour != null
      ? t("reach.between", { from: reach.from_hour, to: reach.to_hour })
      : reach.from_hour != null
        ? t("reach.from", { from: reach.from_hour })
        : reach.to_hour != null
          ? t("reach.until", { to: reach.to_hour })
          : "";
  const { teller } = reach;
  return (
    <span className="block">
      {reach.way === null ? (
        <span className="block xs mut">{t("reach.unknown")}</span>
      ) : (
        <span className={reach.way === "none" ? "chip bad" : "chip warn"}>{t(`reach.${reach.way}`)}</span>
      )}{" "}
      {hours && <span className="chip warn">{hours}</span>}{" "}
      {reach.is_quiet && <span className="chip warn">{t(reach.is_quiet === true ? "reach.quiet" : "reach.quiet_unknown")}</span>}{" "}
      {reach.wants_woman_officer && (
        <span className="chip warn">{t(reach.wants_woman_officer === true ? "reach.woman" : "reach.woman_unknown")}</span>
      )}
      {teller && (teller.name || teller.mobile) && (
        <span className="block xs">
          {t("reach.teller", { name: teller.name || "–" })}
          {teller.relation && ` (${teller.relation})`}
          {teller.mobile && <span className="mono"> {teller.mobile}</span>}
        </span>
      )}
    </span>
  );
}
