/** Acts on a hold: the quick decision, the release that was proposed, the holder's contact, code and appeal. */

import { api, type Schemas } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { type Act, type Acts, field, optionsOf, reasonAsk, secondSays } from "../acts/act.ts";
import type { ActsRead } from "../acts/text.ts";
import { type CaseRead, worded } from "../text.ts";
import { rupees } from "../../../text/rupees.ts";

export type Hold = Schemas["HoldView"];
export type Release = Schemas["ReleaseProposal"];

const SAID_MOST = 2_000;

interface Asking {
  readonly t: CaseRead;
  readonly a: ActsRead;
  readonly may: (action: string) => boolean;
  /** id of the officer at the page */
  readonly me: string;
}

/** The decision on a small hold. A release waits for a second officer and for the victims. */
export function smallHoldActs(hold: Hold, { t, may }: Asking): Acts {
  // While a proposed release waits, no second decision is taken.
  const waits = hold.ended_at === null && hold.small && hold.small_hold_decision === null && !hold.waits_for;
  if (!waits || !may("decide_small_hold")) return [];
  const decide = (decision: Schemas["SmallHoldDecision"]): Act => ({
    name: decision,
    title: t(`small.do_${decision}`),
    ...(decision === "release" ? { says: t("small.second") } : {}),
    asks: [reasonAsk()],
    run: (given) =>
      ok(
        api.POST("/api/v1/holds/{account_hold_id}/decide-small", {
          params: { path: { account_hold_id: hold.hold_id } },
          body: { decision, reason: given.text("reason") },
        }),
      ),
  });
  return [decide("keep"), decide("release")];
}

/** What is told of a hold, whatever becomes of its money. */
export function holdActs(hold: Hold, { a, may }: Asking): Acts {
  const params = { path: { account_hold_id: hold.hold_id } };
  if (hold.ended_at !== null) return [];
  return [
    may("take_holder_contact") && {
      name: "contact",
      title: a("hold.contact"),
      says: a("hold.contact.says"),
      asks: [
        field("phone", "line", a("field.mobile"), { isOptional: true, most: 20 }),
        field("email", "line", a("field.email"), { isOptional: true, most: 254 }),
      ],
      run: (given) =>
        ok(
          api.PUT("/api/v1/holds/{account_hold_id}/holder-contact", {
            params,
            body: { phone: given.maybe("phone"), email: given.maybe("email") },
          }),
        ),
      done: (taken) => a("hold.contact.done", { count: (taken as Schemas["HolderContactTaken"]).messages }),
    },
    may("make_appeal_code") && {
      name: "code",
      title: a("hold.code"),
      says: a("hold.code.says"),
      asks: [reasonAsk()],
      run: (given) =>
        ok(
          api.POST("/api/v1/holds/{account_hold_id}/appeal-code", { params, body: { reason: given.text("reason") } }),
        ),
    },
    may("approve_attachment") && {
      name: "attachment",
      title: a("hold.attachment"),
      says: a("hold.attachment.says"),
      asks: [reasonAsk()],
      run: (given) =>
        ok(
          api.POST("/api/v1/holds/{account_hold_id}/approve-attachment", {
            params,
            body: { reason: given.text("reason") },
          }),
        ),
    },
    may("file_grievance") && {
      name: "grievance",
      title: a("hold.appeal"),
      says: a("hold.appeal.says"),
      asks: [
        field("text", "text", a("hold.appeal.text"), { most: SAID_MOST }),
        field("language", "choice", a("field.language"), {
          options: optionsOf(["hi", "en"], (code) => worded(a, "language", code)),
        }),
        field("contact", "line", a("hold.appeal.contact"), { isOptional: true }),
      ],
      run: (given) =>
        ok(
          api.POST("/api/v1/holds/{account_hold_id}/grievances", {
            params,
            body: {
              text: given.text("text"),
              language: given.text("language") as Schemas["Language"],
              contact: given.text("contact"),
            },
          }),
        ),
    },
  ];
}

/** A release that an officer proposed: victims are heard first, then it is confirmed or rejected. */
export function releaseActs(hold: Hold, release: Release, complaints: readonly string[], asking: Asking): Acts {
  if (release.state !== "waits") return [];
  const { a, may, me } = asking;
  const params = { path: { account_hold_id: hold.hold_id } };
  const end = (verb: "confirm" | "reject"): Act => ({
    name: verb,
    title: a(`release.${verb}`),
    says:
      verb === "reject"
        ? a("release.reject.says")
        : release.needs_second
          ? `${a("release.confirm.says")} ${secondSays(a, release.proposed_by, me)}`
          : a("release.confirm.says"),
    facts: [
      [a("field.sum"), release.whole ? a("release.whole", { sum: rupees(release.paise) }) : rupees(release.paise)],
      ...(release.hearings ?? []).map((one): readonly [string, string] => [a("release.heard", { complaint: one.ack_no }), one.said]),
    ],
    asks: [reasonAsk()],
    run: (given) =>
      ok(
        api.POST(`/api/v1/holds/{account_hold_id}/release/${verb}`, {
          params,
          body: { reason: given.text("reason") },
        }),
      ),
  });
  return [
    may("hear_victim") && {
      name: "hear",
      title: a("release.hear"),
      says: a("release.hear.says"),
      asks: [
        field("complaint", "choice", a("field.complaint"), { options: optionsOf(complaints, (one) => one) }),
        field("said", "text", a("release.said"), { most: SAID_MOST }),
      ],
      run: (given) =>
        ok(
          api.POST("/api/v1/holds/{account_hold_id}/release/hear", {
            params,
            body: { ack_no: given.text("complaint"), said: given.text("said") },
          }),
        ),
    },
    may("confirm_release") && end("confirm"),
    may("confirm_release") && end("reject"),
  ];
}
