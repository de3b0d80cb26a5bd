/** The call list: requests without an answer, first those where a call to the bank now saves the most. */

import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";

import "./desk.css";

import { api, type Schemas } from "../../api/client.ts";
import { type Subject, useLooksAt } from "../../api/presence.ts";
import { ok } from "../../api/problem.ts";
import { useTopics } from "../../api/stream.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { Rupees } from "../../parts/money.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Since, Until } from "../../parts/time.tsx";
import { useNow } from "../../text/clock.ts";
import type { Language } from "../../text/language.ts";
import { share, wholeRupees } from "./likely.ts";
import { deskCommands } from "./commands.ts";
import { ownerNow } from "./filters.ts";
import { hear, note, useHeard, useLookers } from "./live.ts";
import { isTyped, PhoneAnswer } from "./PhoneAnswer.tsx";
import { BankOfficers, Script } from "./Telephone.tsx";
import { desk } from "./text.ts";
import { useOpenView, Views } from "./Views.tsx";

type Call = Schemas["Call"];

const MOST = 100;
/** The server makes the list again after this time at the earliest. */
const READ_EVERY_MS = 15_000;
const AGAIN_EVERY_MS = 60_000;

const calls = (language: Language) =>
  queryOptions({
    queryKey: ["desk", "calls", language],
    queryFn: async () => {
      const readAt = Date.now();
      const found = await ok(api.GET("/api/v1/desk/call-list", { params: { query: { language, limit: MOST } } }));
      return { ...found, readAt };
    },
    // Money leaves meanwhile, also when nothing happens.
    refetchInterval: AGAIN_EVERY_MS,
  });

export default function CallList(): ReactNode {
  const t = desk.use();
  const open = useOpenView();
  return (
    <main className="desk">
      <h1 className="sr">{t("calls.title")}</h1>
      <Views filter={null} open={open} />
      <Calls />
    </main>
  );
}

/** Return what has the list read again, once the server has made it again. */
function useReadLater(): () => void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: ["desk", "calls"] });
    }, READ_EVERY_MS);
  };
}

function Calls(): ReactNode {
  const t = desk.use();
  const found = useQuery(calls(t.language));
  const readLater = useReadLater();
  const [chosen, setChosen] = useState<string | null>(null);
  const items = found.data?.items ?? [];
  // The call that is shown stays while the list changes its order, because the officer may be in the middle of it.
  const last = useRef<Call>(undefined);
  const at = items.findIndex((one) => one.request_id === (chosen ?? last.current?.request_id));
  const isOff = at < 0 && last.current !== undefined && isTyped(last.current.request_id);
  const call = items[at] ?? (isOff ? last.current : items[0]);
  last.current = call;
  const place = isOff ? -1 : Math.max(0, at);
  const step = (by: number): void => {
    const next = items[Math.max(0, Math.min(items.length - 1, place + by))];
    setChosen(next?.request_id ?? null);
    document.getElementById(`call-${next?.request_id}`)?.focus();
  };
  useTopics(["queue"], (event) => {
    hear(event);
    if (event.kind === "task" || event.kind === "reset") readLater();
  });
  useCommand(deskCommands.down, () => step(1), items.length > 0);
  useCommand(deskCommands.up, () => step(-1), items.length > 0);
  if (found.error !== null && found.data === undefined) {
    return <ErrorState error={found.error} reset={() => void found.refetch()} />;
  }
  if (found.data === undefined) return <LoadingState />;
  const { as_of: asOf, readAt, waiting_requests: waiting } = found.data;
  return (
    <div className="work">
      <div className="list">
        <p className="came">
          <b>{t.count("calls.waiting", waiting)}</b> <span className="mut">{t("calls.rule")}</span>
        </p>
        {items.length === 0 ? (
          <EmptyState>{t("calls.none")}</EmptyState>
        ) : (
          <div className="calls-scroll" role="region" aria-label={t("calls.title")} tabIndex={0}>
            <table className="grid calls">
              <thead>
                <tr>
                  <th scope="col" className="num">{t("calls.saves")}</th>
                  <th scope="col">{t("col.bank")}</th>
                  <th scope="col">{t("calls.number")}</th>
                  <th scope="col" className="num">{t("calls.silent_for")}</th>
                  <th scope="col" className="num">{t("calls.transfers")}</th>
                  <th scope="col">{t("col.owner")}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((one, index) => (
                  <CallRow
                    key={one.request_id}
                    call={one}
                    asOf={Date.parse(asOf)}
                    readAt={readAt}
                    isCurrent={index === place}
                    choose={() => {
                      setChosen(one.request_id);
                      // The detail of the call is there after the next drawing.
                      setTimeout(() => document.querySelector<HTMLElement>(".side .ln")?.focus());
                    }}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
      {call && <CallDetail key={call.request_id} call={call} readAt={readAt} isOff={isOff} booked={readLater} />}
    </div>
  );
}

function CallRow({
  call,
  asOf,
  readAt,
  isCurrent,
  choose,
}: {
  call: Call;
  asOf: number;
  readAt: number;
  isCurrent: boolean;
  choose: () => void;
}): ReactNode {
  const t = desk.use();
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isCurrent) row.current?.scrollIntoView({ block: "nearest" });
  }, [isCurrent]);
  const first = call.institution.nodal_officers[0];
  return (
    <tr ref={row} aria-current={isCurrent || undefined} onClick={choose}>
      <td className="num b">
        <Rupees paise={wholeRupees(call.likely_still_there_paise)} />
      </td>
      <th scope="row">
        <button id={`call-${call.request_id}`} type="button" className="btn link" autoFocus={isCurrent}>
          {call.institution.name}
        </button>
      </th>
      <td className="mono nw">{first?.mobile || <span className="mut">{t("calls.no_number")}</span>}</td>
      <td className="num">
        <Since at={asOf - call.waiting_seconds * 1000} />
      </td>
      <td className="num">{call.hop_count}</td>
      <td>
        <Whose call={call} readAt={readAt} />
      </td>
    </tr>
  );
}

/** A call as it was read, with what the stream and this officer have done to its item since. */
function useStanding(call: Call, readAt: number): Pick<Call, "owner" | "lease_ends_at" | "version"> {
  const { owner = call.owner, lease_ends_at = call.lease_ends_at, version = call.version } = useHeard(call.task_id, readAt);
  return { owner, lease_ends_at, version };
}

function Whose({ call, readAt }: { call: Call; readAt: number }): ReactNode {
  const t = desk.use();
  const me = useSession().officer_id;
  const standing = useStanding(call, readAt);
  const others = useLookers(call.task_id ?? 0).filter((one) => one !== me && one !== standing.owner);
  const owner = ownerNow({ ...standing, snoozed_until: null }, useNow());
  if (owner !== null) return owner === me ? t("you") : owner;
  return <span className="mut">{others.length > 0 ? t("look_list", { officers: others.join(", ") }) : t("free")}</span>;
}

function CallDetail({
  call,
  readAt,
  isOff,
  booked,
}: {
  call: Call;
  readAt: number;
  /** whether the call left the list while the officer typed */
  isOff: boolean;
  booked: () => void;
}): ReactNode {
  const t = desk.use();
  const me = useSession().officer_id;
  const standing = useStanding(call, readAt);
  const owner = ownerNow({ ...standing, snoozed_until: null }, useNow());
  const subjects: Subject[] = [`case:${call.case_ack_no}`];
  if (call.task_id !== null) subjects.push(`task:${call.task_id}`);
  useLooksAt(subjects);
  const place = useRef<HTMLElement>(null);
  const [foot, setFoot] = useState<HTMLElement | null>(null);
  const take = useVerb({
    run: (taskId: number) =>
      ok(
        api.POST("/api/v1/desk/tasks/{task_id}/claim", {
          params: { path: { task_id: taskId } },
          body: { version: standing.version ?? 0 },
        }),
      ),
    done: ({ task_id, version, owner: taken, lease_ends_at }) => {
      note(task_id, { version, owner: taken, lease_ends_at });
      place.current?.querySelector<HTMLElement>(".ln")?.focus();
    },
    readAgain: [["desk", "counts"]],
  });
  const { factors } = call;
  return (
    <aside className="side" aria-label={t("calls.chosen")} ref={place} tabIndex={-1}>
      <div className="body">
        <section>
          <h1>{call.institution.name}</h1>
          {isOff && (
            <p className="note warn" role="alert">
              {t("calls.off")}
            </p>
          )}
          <p className="row wrap sm">
            <Link className="to-case" to="/case/$ackNo" params={{ ackNo: call.case_ack_no }}>
              {call.case_ack_no}
            </Link>
            <span className="push">
              {owner === null ? t("free") : owner === me ? t("yours_for") : t("has_it_for", { officer: owner })}{" "}
              {owner !== null && standing.lease_ends_at !== null && <Until at={Date.parse(standing.lease_ends_at)} />}
            </span>
          </p>
          <p className="row wrap sm">
            <b className="large">
              <Rupees paise={wholeRupees(call.likely_still_there_paise)} />
            </b>
            <span className="mut">{t("calls.saves")}</span>
          </p>
          <p className="sm mut">
            {t("calls.why", {
              there: share(factors.still_there_share),
              silent: share(factors.stays_silent_share),
            })}{" "}
            <Rupees paise={factors.in_play_paise} />
          </p>
        </section>
        {call.task_id !== null && owner === null && (
          <section className="verbs">
            <CommandButton
              command={deskCommands.take}
              run={() => take.act(call.task_id ?? 0)}
              isDisabled={take.isRunning}
              className="btn first take-focus"
            />
          </section>
        )}
        <BankOfficers institution={call.institution} />
        <Script lines={call.say} />
        <PhoneAnswer
          asked={{ requestId: call.request_id, ackNo: call.case_ack_no, institution: call.institution, hops: call.hops }}
          booked={booked}
          foot={foot}
        />
      </div>
      <div className="word-foot" ref={setFoot} />
    </aside>
  );
}
