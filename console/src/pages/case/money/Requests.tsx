/** Hold requests of the case: by which channel each went, how far it is escalated, and what comes next and when. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import type { Schemas } from "../../../api/client.ts";
import { useSession } from "../../../app/session.ts";
import { useBankName } from "../../../parts/names.ts";
import { Moment } from "../../../parts/time.tsx";
import { useNow } from "../../../text/clock.ts";
import { spanText } from "../../../text/moments.ts";
import { ActButtons } from "../acts/ActButtons.tsx";
import { actsText } from "../acts/text.ts";
import { requestsOf } from "../data.ts";
import { caseText, worded } from "../text.ts";
import { requestActs } from "./requestActs.ts";

type Request = Schemas["RequestView"];

export function Requests({ ackNo }: { ackNo: string }): ReactNode {
  const a = actsText.use();
  const [showsOver, setShowsOver] = useState(false);
  const query = useInfiniteQuery(requestsOf(ackNo));
  const all = query.data?.pages.flatMap((page) => page.items) ?? [];
  const waiting = all.filter((one) => one.hops.some((hop) => hop.live));
  const over = all.filter((one) => !waiting.includes(one));
  return (
    <section className="panel" aria-labelledby="h-requests">
      <header>
        <h2 id="h-requests" tabIndex={-1}>
          {a("requests")}
        </h2>
        {waiting.length > 0 && <span className="chip warn">{a.count("requests.waiting", waiting.length)}</span>}
      </header>
      {query.isSuccess && all.length === 0 && <p className="state">{a("requests.none")}</p>}
      <ul>
        {waiting.map((one) => (
          <Line key={one.request_id} one={one} ackNo={ackNo} isLive />
        ))}
      </ul>
      {over.length > 0 && (
        <details className="item" onToggle={(event) => setShowsOver(event.currentTarget.open)}>
          <summary>{a.count("requests.over", over.length)}</summary>
          <ul>
            {showsOver && over.map((one) => <Line key={one.request_id} one={one} ackNo={ackNo} isLive={false} />)}
          </ul>
        </details>
      )}
      {query.hasNextPage && (
        <div className="more">
          <button type="button" className="btn push" onClick={() => void query.fetchNextPage()}>
            {a("requests.more")}
          </button>
        </div>
      )}
    </section>
  );
}

function Line({ one, ackNo, isLive }: { one: Request; ackNo: string; isLive: boolean }): ReactNode {
  const t = caseText.use();
  const a = actsText.use();
  const bankOf = useBankName();
  const { actions } = useSession();
  return (
    <li className="item">
      <div className="row wrap">
        <b>{bankOf(one.institution)}</b>
        <span className={one.state === "answered" ? "chip good" : "chip"}>{worded(a, "request.state", one.state)}</span>
        {one.channel != null && <span className="chip acc">{worded(a, "channel", one.channel)}</span>}
        <span className="xs mut push">{t.count("counts.hops", one.hops.length)}</span>
      </div>
      <p className="xs mut">
        {a("request.sent")} <Moment at={Date.parse(one.sent_at)} />
        {one.first_answered_at !== null && (
          <>
            {` · ${a("request.answered")} `}
            <Moment at={Date.parse(one.first_answered_at)} />
          </>
        )}
        {one.level !== null && ` · ${a("request.reached", { level: worded(a, "level", one.level) })}`}
      </p>
      {one.next_level != null && one.next_level_at != null && <Next level={one.next_level} at={Date.parse(one.next_level_at)} />}
      {one.refusal_message && <p className="note warn">{one.refusal_message}</p>}
      {one.attempts && one.attempts.length > 0 && (
        <ol className="lines xs mut">
          {one.attempts.map((attempt) => (
            <li key={`${attempt.at} ${attempt.channel}`}>
              <Moment at={Date.parse(attempt.at)} /> {worded(a, "channel", attempt.channel)}:{" "}
              {worded(a, "attempt", attempt.outcome)}
              {attempt.detail && ` · ${attempt.detail}`}
            </li>
          ))}
        </ol>
      )}
      {isLive && actions.includes("change_request") && (
        <ActButtons acts={requestActs(ackNo, one.request_id, t)} ackNo={ackNo}>
          <Link className="btn" to="/desk" search={{ bank: one.institution } as never}>
            {a("request.telephone")}
          </Link>
        </ActButtons>
      )}
    </li>
  );
}

/** The next level of a request without an answer, and in how long. */
function Next({ level, at }: { level: string; at: number }): ReactNode {
  const a = actsText.use();
  const now = useNow();
  return (
    <p className="xs">
      {a("request.next", { level: worded(a, "level", level) })}{" "}
      <b className="nw">{at <= now ? a("request.now") : a("request.in", { span: spanText(at - now) })}</b>
    </p>
  );
}
