/** Acts on orders of courts. An order that moves money counts when a second officer has read its document. */

import { api, type Schemas } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { type Act, type Acts, field, optionsOf, reasonAsk, secondSays } from "../acts/act.ts";
import { UNCHOSEN } from "../acts/form.ts";
import type { ActsRead } from "../acts/text.ts";
import { worded } from "../text.ts";

export type CourtOrder = Schemas["CourtOrder"];
type May = (action: string) => boolean;

const KINDS: readonly Schemas["CourtOrderKind"][] = [
  "bnss_497",
  "bnss_503",
  "bnss_106",
  "bnss_107",
  "lok_adalat",
  "writ",
];
const EFFECTS: readonly Schemas["CourtOrderEffect"][] = ["restore", "release", "keep_hold", "refuse"];

export function newOrderAct(ackNo: string, a: ActsRead): Act {
  return {
    name: "order",
    title: a("court.record"),
    says: a("court.record.says"),
    asks: [
      field("kind", "choice", a("court.kind_of"), { options: optionsOf(KINDS, (code) => worded(a, "court.kind", code)) }),
      field("effect", "choice", a("court.effect_of"), {
        begins: UNCHOSEN,
        options: optionsOf(EFFECTS, (code) => worded(a, "effect", code)),
      }),
      field("court", "line", a("court.court")),
      field("no", "line", a("court.no"), { most: 100 }),
      field("made", "day", a("court.made_on")),
      field("ends", "day", a("court.ends_on"), { isOptional: true }),
      field("sum", "rupees", a("court.sum"), { isOptional: true }),
      field("bank", "line", a("court.bank"), { isOptional: true, most: 20 }),
      field("account", "line", a("field.account"), { isOptional: true, most: 64 }),
      field("document", "file", a("court.document"), { isOptional: true }),
      field("reason", "reason", a("field.note"), { isOptional: true }),
    ],
    run: (given) =>
      ok(
        api.POST("/api/v1/cases/{ack_no}/court-orders", {
          params: { path: { ack_no: ackNo } },
          body: {
            kind: given.text("kind") as Schemas["CourtOrderKind"],
            effect: given.text("effect") as Schemas["CourtOrderEffect"],
            court: given.text("court"),
            order_no: given.text("no"),
            made_on: given.day("made") ?? "",
            ends_on: given.day("ends"),
            amount_paise: given.paise("sum"),
            institution: given.maybe("bank"),
            account: given.maybe("account"),
            document: given.maybe("document"),
            reason: given.text("reason"),
          },
        }),
      ),
  };
}

export function isOver(order: CourtOrder): boolean {
  return order.withdrawn_at !== null || order.ended_as != null;
}

export function courtOrderActs(ackNo: string, order: CourtOrder, a: ActsRead, may: May, me: string): Acts {
  if (isOver(order)) return [];
  const params = { path: { ack_no: ackNo, court_order_id: order.court_order_id } };
  const path = "/api/v1/cases/{ack_no}/court-orders/{court_order_id}" as const;
  const facts: Act["facts"] = [
    [a("court.no"), order.order_no],
    [a("court.court"), order.court],
    [a("court.effect_of"), worded(a, "effect", order.effect)],
    [a("court.document"), order.document_digest === null ? a("court.no_document") : `SHA-256 ${order.document_digest}`],
  ];
  const askedBy = order.withdrawal_asked_by ?? null;
  return [
    may("take_court_order") &&
      order.document_digest === null && {
        name: "document",
        title: a("court.add_document"),
        asks: [field("document", "file", a("court.document"))],
        run: (given) => ok(api.POST(`${path}/document`, { params, body: { document: given.text("document") } })),
      },
    may("confirm_court_order") &&
      order.confirmed_at === null && {
        name: "confirm",
        title: a("court.confirm"),
        says: `${a("court.confirm.says")} ${secondSays(a, order.taken_by, me)}`,
        facts,
        asks: [reasonAsk()],
        run: (given) => ok(api.POST(`${path}/confirm`, { params, body: { reason: given.text("reason") } })),
      },
    may("take_court_order") &&
      askedBy === null && {
        name: "withdraw",
        title: a("court.withdraw"),
        says: a("court.withdraw.says"),
        facts,
        asks: [reasonAsk()],
        run: (given) => ok(api.POST(`${path}/withdraw`, { params, body: { reason: given.text("reason") } })),
      },
    may("confirm_court_order") &&
      askedBy !== null && {
        name: "agree",
        title: a("court.withdraw.agree"),
        says: secondSays(a, askedBy, me),
        facts,
        asks: [reasonAsk()],
        run: (given) => ok(api.POST(`${path}/withdraw/confirm`, { params, body: { reason: given.text("reason") } })),
      },
  ];
}
