/** Holds of the case, the first to lapse first, with their clocks. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { BucketMark, Rupees } from "../../parts/money.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { useNow } from "../../text/clock.ts";
import { rupees } from "../../text/rupees.ts";
import { casePart, holdsOf } from "./data.ts";
import { ReasonDialog } from "./ReasonDialog.tsx";
import { caseText, worded } from "./text.ts";

type Hold = Schemas["HoldView"];
type Decision = Schemas["SmallHoldDecision"];

const DAY_MS = 86_400_000;
const SOON_DAYS = 15;

export function Holds({ ackNo }: { ackNo: string }): ReactNode {
  const t = caseText.use();
  const holds = useQuery(holdsOf(ackNo)).data?.items;
  return (
    <section className="panel" aria-labelledby="h-holds">
      <header>
        <h2 id="h-holds" tabIndex={-1}>
          {t("holds")}
        </h2>
        {holds && <span className="xs mut">{t.count("holds.sum", holds.length)}</span>}
      </header>
      {holds?.length === 0 && <p className="state">{t("holds.none")}</p>}
      <ul>{holds?.map((hold) => <HoldLine key={hold.hold_id} hold={hold} ackNo={ackNo} />)}</ul>
    </section>
  );
}

function HoldLine({ hold, ackNo }: { hold: Hold; ackNo: string }): ReactNode {
  const t = caseText.use();
  const now = useNow();
  const { actions } = useSession();
  const [asked, setAsked] = useState<Decision | null>(null);
  const [began, lapses] = [Date.parse(hold.first_held_at), Date.parse(hold.lapses_at)];
  const days = Math.ceil((lapses - now) / DAY_MS);
  const gone = Math.min(Math.max((now - began) / Math.max(lapses - began, 1), 0), 1);
  const isOpen = hold.ended_at === null;
  const isKept = hold.retained_by_kind !== null;
  const maySmall =
    isOpen && hold.small && hold.small_hold_decision === null && actions.includes("decide_small_hold");
  return (
    <li className="item hold">
      <BucketMark bucket="held" />
      <b className="num">
        <Rupees paise={hold.held_paise} />
      </b>
      <span className="cut">{hold.institution}</span>
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
      {hold.small_hold_decision !== null && (
        <span className="all xs mut">
          {t(`small.${hold.small_hold_decision}`)} · {hold.small_hold_reason}
        </span>
      )}
      {maySmall && (
        <span className="all row">
          <button type="button" className="btn" onClick={() => setAsked("keep")}>
            {t("small.do_keep")}
          </button>
          <button type="button" className="btn" onClick={() => setAsked("release")}>
            {t("small.do_release")}
          </button>
        </span>
      )}
      {asked !== null && (
        <SmallHold hold={hold} decision={asked} ackNo={ackNo} close={() => setAsked(null)} />
      )}
    </li>
  );
}

/** The decision on a small hold. A release waits for a second officer and for the victims. */
function SmallHold({
  hold,
  decision,
  ackNo,
  close,
}: {
  hold: Hold;
  decision: Decision;
  ackNo: string;
  close: () => void;
}): ReactNode {
  const t = caseText.use();
  const verb = useVerb({
    run: (reason: string) =>
      ok(
        api.POST("/api/v1/holds/{account_hold_id}/decide-small", {
          params: { path: { account_hold_id: hold.hold_id } },
          body: { decision, reason },
        }),
      ),
    readAgain: [casePart(ackNo)],
    done: () => {
      say({ kind: "good", text: t("done") });
      close();
    },
  });
  return (
    <ReasonDialog
      title={t(decision === "keep" ? "small.do_keep" : "small.do_release")}
      says={decision === "release" ? t("small.second") : ""}
      close={close}
      isRunning={verb.isRunning}
      act={verb.act}
    />
  );
}
