/** Orders to banks of the case: to credit victims and to release holds, with what the banks did. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import type { Schemas } from "../../../api/client.ts";
import { useSession } from "../../../app/session.ts";
import { Rupees } from "../../../parts/money.tsx";
import { useBankName } from "../../../parts/names.ts";
import { Moment } from "../../../parts/time.tsx";
import { accountEnd } from "../../../text/accountEnd.ts";
import { personOf } from "../../../text/actors.ts";
import { rupees } from "../../../text/rupees.ts";
import { ActButtons } from "../acts/ActButtons.tsx";
import { actsText } from "../acts/text.ts";
import { orderOf, ordersOf } from "../data.ts";
import { worded } from "../text.ts";
import { orderActs } from "./orderActs.ts";

type Head = Schemas["OrderHead"];

export default function Orders({ ackNo }: { ackNo: string }): ReactNode {
  const a = actsText.use();
  const orders = useQuery(ordersOf(ackNo)).data?.orders;
  return (
    <section className="panel" aria-labelledby="h-orders">
      <header>
        <h2 id="h-orders" tabIndex={-1}>
          {a("orders")}
        </h2>
      </header>
      {orders?.length === 0 && <p className="state">{a("orders.none")}</p>}
      <ul>{orders?.map((order) => <Line key={order.order_id} order={order} ackNo={ackNo} />)}</ul>
    </section>
  );
}

function Line({ order, ackNo }: { order: Head; ackNo: string }): ReactNode {
  const a = actsText.use();
  const bankOf = useBankName();
  const [isOpen, setOpen] = useState(false);
  return (
    <li className="item">
      <div className="row wrap">
        <b>{worded(a, "order.kind", order.kind)}</b>
        <span>{bankOf(order.institution)}</span>
        <span className={order.state === "confirmed" ? "chip good" : "chip"}>{worded(a, "order.state", order.state)}</span>
        {order.overdue && <span className="chip bad">{a("overdue")}</span>}
        <b className="push">
          <Rupees paise={order.ordered_paise} />
        </b>
      </div>
      <p className="xs mut">
        {worded(a, "order.reason", order.reason)} · {a("order.due")} <Moment at={Date.parse(order.due_at)} />
        {order.confirmed_paise > 0 && ` · ${a("order.done", { sum: rupees(order.confirmed_paise) })}`}
        {order.level !== null && ` · ${a("request.reached", { level: worded(a, "level", order.level) })}`}
      </p>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="xs">{a("order.more")}</summary>
        {isOpen && <Opened orderId={order.order_id} ackNo={ackNo} />}
      </details>
    </li>
  );
}

function Opened({ orderId, ackNo }: { orderId: string; ackNo: string }): ReactNode {
  const a = actsText.use();
  const bankOf = useBankName();
  const { actions } = useSession();
  const { data: order } = useQuery(orderOf(ackNo, orderId));
  if (!order) return <p className="xs mut">{a("loading")}</p>;
  return (
    <>
      <ul className="lines xs">
        {order.lines.map((line) => (
          <li key={line.line_no} className="row wrap">
            <span>
              {line.line_no} · {accountEnd(line.account)}
              {line.beneficiary && ` → ${bankOf(line.beneficiary.institution)} ${accountEnd(line.beneficiary.holder)}`}
            </span>
            <span className="push nw">
              {rupees(line.amount_paise)}
              {line.confirmed_paise > 0 && ` · ${a("order.done", { sum: rupees(line.confirmed_paise) })}`}
            </span>
          </li>
        ))}
      </ul>
      {order.refusal_reason && <p className="note warn">{order.refusal_reason}</p>}
      <ol className="lines xs mut">
        {order.delivery_attempts.map((attempt) => (
          <li key={`${attempt.at} ${attempt.channel}`}>
            <Moment at={Date.parse(attempt.at)} /> {worded(a, "channel", attempt.channel)}:{" "}
            {worded(a, "attempt", attempt.outcome)}
            {attempt.detail && ` · ${attempt.detail}`}
          </li>
        ))}
      </ol>
      {order.proposals.map((one) => (
        <p key={one.proposed_at} className="xs b warn">
          {a("order.proposed", { officer: personOf(one.proposed_by) })}
        </p>
      ))}
      <ActButtons acts={orderActs(order, a, (action) => actions.includes(action))} ackNo={ackNo} />
    </>
  );
}
