/** Acts on an order to a bank. */

import { api, type Schemas } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { accountEnd } from "../../../text/accountEnd.ts";
import { grouped, rupees } from "../../../text/rupees.ts";
import { type Acts, field, reasonAsk } from "../acts/act.ts";
import type { ActsRead } from "../acts/text.ts";

export type Order = Schemas["OrderView"];

const REFERENCE_MOST = 64;

export function orderActs(order: Order, a: ActsRead, may: (action: string) => boolean): Acts {
  const params = { path: { order_id: order.order_id } };
  const isOver = order.state === "confirmed" || order.state === "cancelled";
  const waits = order.lines.filter((line) => line.confirmed_paise < line.amount_paise);
  const isTold = order.cancellation === null || order.cancellation.told_at !== null;
  return [
    may("confirm_order") &&
      waits.length > 0 && {
        name: "confirm",
        title: a("order.confirm"),
        says: a("order.confirm.says"),
        asks: [
          field("line", "choice", a("order.line"), {
            options: waits.map((line) => ({
              value: String(line.line_no),
              label: `${line.line_no} · ${accountEnd(line.account)} · ${rupees(line.amount_paise - line.confirmed_paise)}`,
            })),
          }),
          field("sum", "rupees", a("order.done_sum"), {
            begins: waits.length === 1 && waits[0] ? grouped(waits[0].amount_paise - waits[0].confirmed_paise) : "",
          }),
          field("at", "moment", a("order.done_at")),
          field("reference", "line", a("order.reference"), { isOptional: true, most: REFERENCE_MOST }),
          field("note", "reason", a("order.note")),
        ],
        run: (given) =>
          ok(
            api.POST("/api/v1/orders/{order_id}/confirm", {
              params,
              body: {
                lines: [
                  {
                    line_no: Number(given.text("line")),
                    amount_paise: given.paise("sum") ?? 0,
                    done_at: given.at("at") ?? "",
                    reference: given.text("reference"),
                  },
                ],
                note: given.text("note"),
              },
            }),
          ),
      },
    may("send_order") &&
      !isOver && {
        name: "again",
        title: a("order.again"),
        says: a("order.again.says"),
        asks: [reasonAsk()],
        run: (given) =>
          ok(api.POST("/api/v1/orders/{order_id}/send-again", { params, body: { reason: given.text("reason") } })),
      },
    may("cancel_order") &&
      !isOver && {
        name: "cancel",
        title: a("order.cancel"),
        says: a("order.cancel.says"),
        asks: [reasonAsk()],
        run: (given) =>
          ok(api.POST("/api/v1/orders/{order_id}/cancel", { params, body: { reason: given.text("reason") } })),
      },
    may("cancel_order") &&
      !isTold && {
        name: "told",
        title: a("order.told"),
        says: a("order.told.says"),
        asks: [field("note", "reason", a("order.note"))],
        run: (given) =>
          ok(
            api.POST("/api/v1/orders/{order_id}/cancellation-told", { params, body: { note: given.text("note") } }),
          ),
      },
  ];
}
