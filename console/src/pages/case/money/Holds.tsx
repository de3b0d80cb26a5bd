/** Holds of the case, the first to lapse first, with their clocks, releases and acts. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { ok } from "../../../api/problem.ts";
import { readerOf } from "../../../api/readReason.ts";
import { useSession } from "../../../app/session.ts";
import { BucketMark, Rupees } from "../../../parts/money.tsx";
import { FileButtons } from "../../../parts/FileButtons.tsx";
import { useBankName } from "../../../parts/names.ts";
import { Moment } from "../../../parts/time.tsx";
import { personOf } from "../../../text/actors.ts";
import { useNow } from "../../../text/clock.ts";
import { rupees } from "../../../text/rupees.ts";
import { ActButtons } from "../acts/ActButtons.tsx";
import { actsText } from "../acts/text.ts";
import { type CaseView, holdsOf, releasesOf } from "../data.ts";
import { caseText, worded } from "../text.ts";
import { type Hold, holdActs, releaseActs, smallHoldActs } from "./holdActs.ts";

const DAY_MS = 86_400_000;
const SOON_DAYS = 15;

export function Holds({ view }: { view: CaseView }): ReactNode {
  const t = caseText.use();
  const ackNo = view.case_ack_no;
  const holds = useQuery(holdsOf(ackNo)).data?.items;
  return (
    <section className="panel" aria-labelledby="h-holds">
      <header>
        <h2 id="h-holds" tabIndex={-1}>
          {t("holds")}
        </h2>
        {holds && <span className="xs mut">{t.count("holds.sum", holds.length)}</span>}
        {holds && holds.length > 0 && (
          <FileButtons
            name={`holds-${ackNo}`}
            of={t("holds")}
            get={(how) => ok(readerOf(ackNo).GET("/api/v1/holds", { ...how, params: { query: { ack_no: ackNo } } }))}
          />
        )}
      </header>
      {holds?.length === 0 && <p className="state">{t("holds.none")}</p>}
      <ul>{holds?.map((hold) => <HoldLine key={hold.hold_id} hold={hold} view={view} />)}</ul>
    </section>
  );
}

function useAsking() {
  const { actions, officer_id } = useSession();
  return {
    t: caseText.use(),
    a: actsText.use(),
    may: (action: string): boolean => actions.includes(action),
    me: officer_id,
  };
}

function HoldLine({ hold, view }: { hold: Hold; view: CaseView }): ReactNode {
  const asking = useAsking();
  const { t, a, may } = asking;
  const [isOpen, setOpen] = useState(false);
  const acts = [...smallHoldActs(hold, asking)];
  return (
    <li className="item hold">
      <Clock hold={hold} />
      {hold.small_hold_decision !== null && (
        <span className="all xs mut">
          {t(`small.${hold.small_hold_decision}`)} · {hold.small_hold_reason}
        </span>
      )}
      {acts.some(Boolean) && (
        <span className="all">
          <ActButtons acts={acts} ackNo={view.case_ack_no} />
        </span>
      )}
      {may("read_restoration") && (
        <details className="all" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary className="xs">{a("hold.more")}</summary>
          {isOpen && <Releases hold={hold} view={view} />}
          <ActButtons acts={holdActs(hold, asking)} ackNo={view.case_ack_no} />
        </details>
      )}
    </li>
  );
}

/** How much is held where, and how long it still is. */
function Clock({ hold }: { hold: Hold }): ReactNode {
  const t = caseText.use();
  const bankOf = useBankName();
  const now = useNow();
  const [began, lapses] = [Date.parse(hold.first_held_at), Date.parse(hold.lapses_at)];
  const days = Math.ceil((lapses - now) / DAY_MS);
  const gone = Math.min(Math.max((now - began) / Math.max(lapses - began, 1), 0), 1);
  const isOpen = hold.ended_at === null;
  const isKept = hold.retained_by_kind !== null;
  return (
    <>
      <BucketMark bucket="held" />
      <b className="num">
        <Rupees paise={hold.held_paise} />
      </b>
      <span className="bank">
        <span className="cut">{bankOf(hold.institution)}</span> {hold.account_end && <span className="mono nw">••{hold.account_end}</span>}
      </span>
      <span className="xs mut nw">{hold.reference}</span>
      {isOpen && !isKept && (
        <span className={days <= SOON_DAYS ? "xs b warn nw" : "xs nw"} title={t("holds.lapses")}>
          {t.count("holds.days", Math.max(days, 0))}
        </span>
      )}
      {!isOpen && <span className="chip">{t("holds.ended")}</span>}
      {isOpen && isKept && <span className="chip acc">{worded(t, "retained", hold.retained_by_kind ?? "")}</span>}
      {isOpen && !isKept && (
        <span className={days <= SOON_DAYS ? "clock w" : "clock"} aria-hidden="true">
          <i style={{ width: `${(1 - gone) * 100}%` }} />
        </span>
      )}
      <span className="all xs mut">
        {t("holds.since")} <Moment at={began} /> · {t("holds.lapses")} <Moment at={lapses} />
        {hold.free_paise < hold.held_paise && ` · ${t("holds.covered", { sum: rupees(hold.held_paise - hold.free_paise) })}`}
        {` · ${t(hold.holder_told_at === null ? "holds.not_told" : "holds.told")}`}
      </span>
    </>
  );
}

/** Releases that officers proposed of a hold, with what the victims said. */
function Releases({ hold, view }: { hold: Hold; view: CaseView }): ReactNode {
  const asking = useAsking();
  const { a } = asking;
  const ackNo = view.case_ack_no;
  const releases = useQuery(releasesOf(ackNo, hold.hold_id)).data?.releases;
  if (releases === undefined) return <p className="xs mut">{a("loading")}</p>;
  if (releases.length === 0) return <p className="xs mut">{a("release.none")}</p>;
  return (
    <ul className="lines">
      {releases.map((one) => (
        <li key={one.proposal_id} className="xs">
          <b>{a("release.of", { sum: rupees(one.paise) })}</b>{" "}
          <span className={one.state === "waits" ? "chip warn" : "chip"}>
            {one.stage === null ? worded(a, "release.state", one.state) : worded(a, "release.stage", one.stage)}
          </span>
          <span className="block mut">
            {a("by_at", { officer: personOf(one.proposed_by) })} <Moment at={Date.parse(one.proposed_at)} />{" "}
            · {one.reason}
            {one.objection_id !== null && ` · ${a("release.of_objection")}`}
            {one.grievance_id !== null && ` · ${a("release.of_appeal")}`}
          </span>
          {one.state === "waits" && (
            <span className="block mut">
              {a("release.hear_until")} <Moment at={Date.parse(one.hear_until)} />
            </span>
          )}
          {(one.hearings ?? []).map((heard) => (
            <span key={`${heard.ack_no} ${heard.recorded_at}`} className="block">
              {a("release.heard", { complaint: heard.ack_no })}: {heard.said}
            </span>
          ))}
          <ActButtons acts={releaseActs(hold, one, view.ack_nos, asking)} ackNo={ackNo} />
        </li>
      ))}
    </ul>
  );
}
