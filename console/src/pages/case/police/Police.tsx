/** The police side of the case: officers, FIRs, orders of courts, and statutory duties with their times. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { useSession } from "../../../app/session.ts";
import { useBankName, useDistrictName, useDistricts } from "../../../parts/names.ts";
import { Moment } from "../../../parts/time.tsx";
import { accountEnd } from "../../../text/accountEnd.ts";
import { rupees } from "../../../text/rupees.ts";
import { localText } from "../../../text/moments.ts";
import { ActButtons } from "../acts/ActButtons.tsx";
import { actsText } from "../acts/text.ts";
import { policeOf } from "../data.ts";
import { worded } from "../text.ts";
import { caseActs, type Duty, dutyActs, type Fir, firActs } from "./acts.ts";
import { type CourtOrder, courtOrderActs, isOver, newOrderAct } from "./courtOrders.ts";

function useMay(): (action: string) => boolean {
  const { actions } = useSession();
  return (action) => actions.includes(action);
}

export default function Police({ ackNo }: { ackNo: string }): ReactNode {
  const a = actsText.use();
  const districtOf = useDistrictName();
  const districts = useDistricts();
  const may = useMay();
  const { data: side, error } = useQuery(policeOf(ackNo));
  const current = side?.officers.filter(
    (one) => !side.officers.some((other) => other.duty === one.duty && other.assignment_no > one.assignment_no),
  );
  const acts = [...caseActs(ackNo, a, may, districts), may("take_court_order") && newOrderAct(ackNo, a)];
  return (
    <section className="panel" aria-labelledby="h-police">
      <header>
        <h2 id="h-police" tabIndex={-1}>
          {a("police")}
        </h2>
      </header>
      {!side && error === null && <p className="state">{a("loading")}</p>}
      <ul>
        {current?.length === 0 && <li className="item mut">{a("officer.none")}</li>}
        {current?.map((one) => (
          <li key={one.duty} className="item">
            <b>{one.name}</b> <span className="mut">· {one.rank}</span>{" "}
            <span className="chip">{worded(a, "officer.duty", one.duty)}</span>
            <span className="block xs mut">
              {one.police_station}, {districtOf(one.district)} · <span className="mono">{one.phone}</span>
            </span>
          </li>
        ))}
        {side?.duties.map((duty) => (
          <DutyLine key={duty.kind} duty={duty} ackNo={ackNo} />
        ))}
        {side?.firs.map((fir) => (
          <FirLine key={fir.fir_id} fir={fir} ackNo={ackNo} />
        ))}
        {side?.court_orders.map((order) => (
          <CourtOrderLine key={order.court_order_id} order={order} ackNo={ackNo} />
        ))}
      </ul>
      {side && acts.some(Boolean) && (
        <div className="item">
          <ActButtons acts={acts} ackNo={ackNo} />
        </div>
      )}
    </section>
  );
}

function DutyLine({ duty, ackNo }: { duty: Duty; ackNo: string }): ReactNode {
  const a = actsText.use();
  const may = useMay();
  const isDone = duty.done_at !== null;
  const isLate = !isDone && duty.escalated_at !== null;
  return (
    <li className="item">
      <b>{worded(a, "duty", duty.kind)}</b>{" "}
      <span className={isDone ? "chip good" : isLate ? "chip bad" : "chip warn"}>
        {a(isDone ? "duty.done" : isLate ? "overdue" : "duty.open")}
      </span>
      <span className="block xs mut">
        {isDone && duty.done_at !== null ? <Moment at={Date.parse(duty.done_at)} /> : null}
        {!isDone && (
          <>
            {a("duty.due")} <Moment at={Date.parse(duty.due_at)} />
          </>
        )}
        {duty.diary_no !== null && ` · ${a("duty.diary", { no: duty.diary_no })}`}
        {duty.reason !== "" && ` · ${duty.reason}`}
      </span>
      <ActButtons acts={dutyActs(ackNo, duty, a, may)} ackNo={ackNo} />
    </li>
  );
}

function FirLine({ fir, ackNo }: { fir: Fir; ackNo: string }): ReactNode {
  const a = actsText.use();
  const may = useMay();
  return (
    <li className="item">
      <b>{worded(a, "fir.kind", fir.kind)}</b> {fir.fir_no !== null && <span className="mono">{fir.fir_no}</span>}{" "}
      <span className="chip">{worded(a, "fir.state", fir.state)}</span>
      <span className="block xs mut">
        {fir.police_station}
        {fir.registered_at !== null && (
          <>
            {" · "}
            <Moment at={Date.parse(fir.registered_at)} />
          </>
        )}
        {fir.sign_by !== null && fir.signed_at === null && (
          <>
            {` · ${a("fir.sign_by")} `}
            <Moment at={Date.parse(fir.sign_by)} />
          </>
        )}
      </span>
      {(fir.refusal || fir.failure) && <p className="note warn">{fir.refusal || worded(a, "fir.failure", fir.failure)}</p>}
      {fir.document_digest !== null ? (
        <a className="xs" href={`/api/v1/cases/${ackNo}/fir/${fir.fir_id}/copy`} target="_blank" rel="noreferrer">
          {a("fir.open_copy")}
        </a>
      ) : (
        <span className="xs mut">{a("fir.no_copy")}</span>
      )}
      <ActButtons acts={firActs(ackNo, fir, a, may)} ackNo={ackNo} />
    </li>
  );
}

function CourtOrderLine({ order, ackNo }: { order: CourtOrder; ackNo: string }): ReactNode {
  const a = actsText.use();
  const bankOf = useBankName();
  const may = useMay();
  const { officer_id } = useSession();
  return (
    <li className="item">
      <b>{worded(a, "court.kind", order.kind)}</b> <span className="mono">{order.order_no}</span>{" "}
      <span className="chip acc">{worded(a, "effect", order.effect)}</span>{" "}
      <span className={order.confirmed_at === null && !isOver(order) ? "chip warn" : "chip"}>{standing(order, a)}</span>
      <span className="block xs mut">
        {order.court} · {localText(order.made_on)}
        {order.amount_paise !== null && ` · ${rupees(order.amount_paise)}`}
        {order.institution !== null && ` · ${bankOf(order.institution)} ${accountEnd(order.account_key ?? "")}`}
        {order.counts_until != null && (
          <>
            {` · ${a("court.counts_until")} `}
            <Moment at={Date.parse(order.counts_until)} />
          </>
        )}
      </span>
      {order.withdrawal_asked_reason && <p className="xs b warn">{a("court.withdrawal", { why: order.withdrawal_asked_reason })}</p>}
      {order.withdrawn_reason && <p className="xs mut">{order.withdrawn_reason}</p>}
      {order.document_digest !== null && (
        <a
          className="xs"
          href={`/api/v1/cases/${ackNo}/court-orders/${order.court_order_id}/document`}
          target="_blank"
          rel="noreferrer"
        >
          {a("court.open_document")}
        </a>
      )}
      <ActButtons acts={courtOrderActs(ackNo, order, a, may, officer_id)} ackNo={ackNo} />
    </li>
  );
}

function standing(order: CourtOrder, a: ReturnType<typeof actsText.use>): string {
  if (order.withdrawn_at !== null) return a("court.standing.withdrawn");
  if (order.ended_as != null) return worded(a, "court.standing", order.ended_as);
  if (order.withdrawal_asked_by != null) return a("court.standing.withdrawal_asked");
  return a(order.confirmed_at === null ? "court.standing.waits" : "court.standing.confirmed");
}
