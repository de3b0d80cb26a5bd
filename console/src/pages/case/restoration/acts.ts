/** Acts on a restoration at its present step. The server says which ones the officer may do. */

import { api, type Schemas } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { bankName } from "../../../parts/names.ts";
import { rupees } from "../../../text/rupees.ts";
import { type Act, field, optionsOf, reasonAsk } from "../acts/act.ts";
import type { Option } from "../acts/form.ts";
import type { ActsRead } from "../acts/text.ts";
import { type CaseRead, worded } from "../text.ts";

export type View = Schemas["RestorationView"];
export type CourtOrder = Schemas["CourtOrder"];
type Step = Schemas["Step"];

const OBJECTORS: readonly Schemas["ObjectionBy"][] = ["holder", "bank", "victim", "other"];
const ON_ROUTE: readonly Step[] = [
  "application",
  "verification",
  "holder_notice",
  "show_cause",
  "court_order",
  "lok_adalat_award",
  "distribution",
];
const OBJECTION_MOST = 4_000;

/** the last characters of the account of each hold */
export type Ends = ReadonlyMap<string, string>;

interface Texts {
  readonly t: CaseRead;
  readonly a: ActsRead;
}

/** Return the acts that the officer may do now, without the approval, which has a page of its own. */
export function restorationActs(view: View, orders: readonly CourtOrder[], ends: Ends, texts: Texts): readonly Act[] {
  const { t, a } = texts;
  const at = { step: view.step, visit_no: view.visit_no };
  const params = { path: { restoration_id: view.restoration_id } };
  const path = "/api/v1/restorations/{restoration_id}" as const;
  const reason = reasonAsk();
  const holds = holdsOf(view, ends);
  const made: Partial<Record<Schemas["RestorationVerb"], Omit<Act, "name" | "title" | "says">>> = {
    receive_application: { asks: [], run: () => ok(api.POST(`${path}/receive-application`, { params, body: at })) },
    verify: { asks: [], run: () => ok(api.POST(`${path}/verify`, { params, body: at })) },
    prepare: { asks: [], run: () => ok(api.POST(`${path}/prepare`, { params, body: at })) },
    receive_bond: { asks: [], run: () => ok(api.POST(`${path}/receive-bond`, { params, body: at })) },
    refuse: {
      asks: [reason],
      run: (given) => ok(api.POST(`${path}/refuse`, { params, body: { ...at, reason: given.text("reason") } })),
    },
    cancel: {
      asks: [reason],
      run: (given) => ok(api.POST(`${path}/cancel`, { params, body: { ...at, reason: given.text("reason") } })),
    },
    reopen: {
      asks: [reason],
      run: (given) => ok(api.POST(`${path}/reopen`, { params, body: { reason: given.text("reason") } })),
    },
    send_back: {
      asks: [
        field("to", "choice", a("send_back.to"), {
          isOptional: true,
          options: optionsOf(stepsBefore(view), (step) => worded(t, "step", step)),
        }),
        reason,
      ],
      run: (given) =>
        ok(
          api.POST(`${path}/send-back`, {
            params,
            body: { ...at, reason: given.text("reason"), to: given.maybe("to") as Step | null },
          }),
        ),
    },
    object: {
      asks: [
        field("by", "choice", a("object.by"), {
          options: optionsOf(OBJECTORS, (code) => worded(a, "objector", code)),
        }),
        field("hold", "choice", a("object.hold"), { isOptional: true, options: holds }),
        field("text", "text", a("object.text"), { most: OBJECTION_MOST }),
      ],
      run: (given) =>
        ok(
          api.POST(`${path}/object`, {
            params,
            body: {
              ...at,
              by_whom: given.text("by") as Schemas["ObjectionBy"],
              text: given.text("text"),
              hold_id: given.maybe("hold"),
            },
          }),
        ),
    },
    waive_notice: {
      asks: [
        field("hold", "choice", a("waive.hold"), { options: holds }),
        field("document", "file", a("waive.document")),
        reason,
      ],
      run: (given) =>
        ok(
          api.POST(`${path}/waive-notice`, {
            params,
            body: {
              ...at,
              reason: given.text("reason"),
              hold_id: given.maybe("hold"),
              document: given.maybe("document"),
            },
          }),
        ),
    },
    take_order: {
      asks: [
        field("order", "choice", a("take_order.order"), {
          options: orders.map((one) => ({
            value: String(one.court_order_id),
            label: `${one.order_no} · ${one.court} · ${worded(a, "effect", one.effect)}`,
          })),
        }),
      ],
      run: (given) =>
        ok(
          api.POST(`${path}/take-order`, { params, body: { ...at, court_order_id: Number(given.text("order")) } }),
        ),
    },
  };
  return view.may.flatMap((verb) => {
    const one = made[verb];
    return one ? [{ name: verb, title: t(`act.${verb as "verify"}`), says: t(`act_says.${verb as "verify"}`), ...one }] : [];
  });
}

/** The decision on one objection. An upheld one of a holder or a bank releases money to the holder. */
export function objectionActs(view: View, objection: View["objections"][number], texts: Texts): readonly Act[] {
  if (!view.may.includes("decide_objection") || objection.decision !== null) return [];
  const { a } = texts;
  const releases = objection.by_whom === "holder" || objection.by_whom === "bank";
  const decide = (decision: Schemas["ObjectionDecision"]): Act => {
    // The server says what an upheld objection releases, and refuses any other sum.
    const released = decision === "upheld" ? (objection.releases ?? []) : [];
    return {
      name: `${decision} ${objection.objection_id}`,
      title: a(`objection.${decision}`),
      says: a(decision === "dismissed" ? "objection.says.dismissed" : releases ? "objection.says.released" : "objection.says.back"),
      facts: [
        [worded(a, "objector", objection.by_whom), objection.text],
        ...released.map((one) => [a("objection.release", { bank: bankName(one.institution), end: one.account_end }), rupees(one.paise)] as const),
      ],
      asks: [reasonAsk()],
      run: (given) =>
        ok(
          api.POST("/api/v1/restorations/{restoration_id}/decide-objection", {
            params: { path: { restoration_id: view.restoration_id } },
            body: {
              step: view.step,
              visit_no: view.visit_no,
              reason: given.text("reason"),
              objection_id: objection.objection_id,
              decision,
              releases: released.map(({ hold_id, paise }) => ({ hold_id, paise })),
            },
          }),
        ),
    };
  };
  return objection.release_hears_until ? [decide("dismissed")] : [decide("upheld"), decide("dismissed")];
}

/** The holds to choose from, by bank and account. A hold may have a line for each of several transfers. */
function holdsOf(view: View, ends: Ends): readonly Option[] {
  const held = new Map<string, { bank: string; paise: number }>();
  for (const line of view.lines) {
    held.set(line.hold_id, { bank: bankName(line.institution), paise: (held.get(line.hold_id)?.paise ?? 0) + line.held_paise });
  }
  return [...held].map(([value, { bank, paise }]) => ({ value, label: `${named(bank, ends.get(value))} · ${rupees(paise)}` }));
}

/** A bank with the last characters of an account; the bank alone for a reader who does not see the account. */
export function named(bank: string, end: string | undefined): string {
  return end ? `${bank} ••${end}` : bank;
}

function stepsBefore(view: View): readonly Step[] {
  const visited = new Set(view.steps.map((one) => one.step));
  return ON_ROUTE.filter((step) => step !== view.step && visited.has(step));
}
