/** Acts on a complaint: correct its victim, withdraw it, and credit another account than the one that paid. */

import { api, type Schemas } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { bankName } from "../../../parts/names.ts";
import { type Act, type Acts, field, optionsOf, reasonAsk, secondSays } from "../acts/act.ts";
import { UNCHOSEN } from "../acts/form.ts";
import type { ActsRead } from "../acts/text.ts";
import { worded } from "../text.ts";

export type CreditAccount = Schemas["CreditAccount"];
export type Withdrawal = Schemas["Withdrawal"];
export type Correction = Schemas["VictimCorrection"];

interface Asking {
  readonly a: ActsRead;
  readonly may: (action: string) => boolean;
  readonly me: string;
}

const WITHDRAWALS: readonly Schemas["WithdrawalKind"][] = ["false", "mistaken", "settled"];

export function complaintActs(complaint: string, { a, may }: Asking): Acts {
  const params = { path: { ack_no: complaint } };
  return [
    may("correct_victim") && {
      name: "correct",
      title: a("victim.correct"),
      says: a("victim.correct.says"),
      asks: [
        field("name", "line", a("victim.name"), { isOptional: true }),
        field("mobile", "line", a("field.mobile"), { isOptional: true, most: 20 }),
        field("email", "line", a("field.email"), { isOptional: true, most: 254 }),
        field("reason", "reason", a("victim.why")),
      ],
      correctsVictim: true,
      run: (given) =>
        ok(
          api.POST("/api/v1/complaints/{ack_no}/victim-corrections", {
            params,
            body: {
              name: given.maybe("name"),
              mobile: given.maybe("mobile"),
              email: given.maybe("email"),
              reason: given.text("reason"),
            },
          }),
        ),
    },
    may("propose_withdrawal") && {
      name: "withdraw",
      title: a("withdraw"),
      says: a("withdraw.says"),
      asks: [
        field("kind", "choice", a("withdraw.kind_of"), {
          begins: UNCHOSEN,
          options: optionsOf(WITHDRAWALS, (code) => worded(a, "withdraw.kind", code)),
        }),
        field("hop", "number", a("withdraw.hop"), { isOptional: true, most: 9 }),
        reasonAsk(),
      ],
      run: (given) =>
        ok(
          api.POST("/api/v1/complaints/{ack_no}/withdrawals", {
            params,
            body: {
              kind: given.text("kind") as Schemas["WithdrawalKind"],
              hop_no: given.number("hop"),
              reason: given.text("reason"),
            },
          }),
        ),
    },
    may("tell_credit_account") && {
      name: "credit",
      title: a("credit.tell"),
      says: a("credit.tell.says"),
      asks: [
        field("holder", "line", a("credit.holder")),
        field("account", "line", a("field.account"), { most: 64 }),
        field("ifsc", "line", a("field.ifsc"), { most: 11 }),
        field("bank", "line", a("field.bank")),
        field("reason", "reason", a("credit.why")),
        field("proof", "reason", a("credit.proof")),
      ],
      run: (given) =>
        ok(
          api.POST("/api/v1/complaints/{ack_no}/credit-accounts", {
            params,
            body: {
              holder_name: given.text("holder"),
              account: given.text("account"),
              ifsc: given.text("ifsc").toUpperCase(),
              institution: given.text("bank"),
              reason: given.text("reason"),
              proof: given.text("proof"),
            },
          }),
        ),
    },
  ];
}

export function creditActs(account: CreditAccount, { a, may, me }: Asking): Acts {
  if (account.ended_as != null) return [];
  const params = { path: { ack_no: account.ack_no, account_id: account.account_id } };
  const path = "/api/v1/complaints/{ack_no}/credit-accounts/{account_id}" as const;
  const seen: NonNullable<Act["facts"]> = [
    [a("credit.holder"), account.holder_name],
    [a("field.bank"), bankName(account.institution)],
    [a("credit.why"), account.reason],
    [a("credit.proof"), account.proof],
  ];
  const facts: NonNullable<Act["facts"]> = [
    ...seen,
    [a("field.account"), account.account],
    [a("field.ifsc"), account.ifsc],
  ];
  return [
    may("confirm_credit_account") &&
      account.confirmed_at === null && {
        name: "confirm",
        title: a("credit.confirm"),
        says: `${a("credit.confirm.says")} ${secondSays(a, account.told_by, me)}`,
        facts: account.same_name ? seen : [...seen, [a("credit.name"), a("credit.other_name")]],
        // The second officer types the account from the proof, and the server compares it with the first one's.
        asks: [
          field("account", "line", a("field.account"), { most: 18 }),
          field("ifsc", "line", a("field.ifsc"), { most: 11 }),
        ],
        run: (given) =>
          ok(
            api.POST(`${path}/confirm`, {
              params,
              body: { account: given.text("account"), ifsc: given.text("ifsc").toUpperCase() },
            }),
          ),
      },
    may("object_to_credit_account") && {
      name: "object",
      title: a("credit.object"),
      says: a("credit.object.says"),
      facts,
      asks: [reasonAsk()],
      run: (given) => ok(api.POST(`${path}/object`, { params, body: { reason: given.text("reason") } })),
    },
    may("withdraw_credit_account") && {
      name: "withdraw",
      title: a("credit.withdraw"),
      says: a("credit.withdraw.says"),
      facts,
      asks: [reasonAsk()],
      run: (given) => ok(api.POST(`${path}/withdraw`, { params, body: { reason: given.text("reason") } })),
    },
  ];
}

export function withdrawalActs(one: Withdrawal, { a, may, me }: Asking): Acts {
  if (one.decision !== null || !may("decide_withdrawal")) return [];
  const params = { path: { ack_no: one.ack_no, withdrawal_id: one.withdrawal_id } };
  const decide = (verb: "agree" | "reject"): Act => ({
    name: verb,
    title: a(`withdraw.${verb}`),
    says: `${a(`withdraw.${verb}.says`)} ${verb === "agree" ? secondSays(a, one.proposed_by, me) : ""}`.trim(),
    facts: [
      [worded(a, "withdraw.kind", one.kind), one.reason],
      [a("withdraw.hops"), one.hop_nos.join(", ") || "–"],
    ],
    asks: [reasonAsk()],
    run: (given) =>
      ok(
        api.POST(`/api/v1/complaints/{ack_no}/withdrawals/{withdrawal_id}/${verb}`, {
          params,
          body: { reason: given.text("reason") },
        }),
      ),
  });
  return [decide("agree"), decide("reject")];
}

export function correctionActs(one: Correction, { a, may, me }: Asking): Acts {
  if (one.decision !== null || !may("decide_victim_correction")) return [];
  const params = { path: { ack_no: one.ack_no, correction_id: one.correction_id } };
  const told = (data: Schemas["PersonalData"]): string =>
    [data.name, data.mobile, data.email].filter(Boolean).join(" · ") || "–";
  const decide = (verb: "agree" | "reject"): Act => ({
    name: verb,
    title: a(`correction.${verb}`),
    says: verb === "agree" ? `${a("correction.agree.says")} ${secondSays(a, one.proposed_by, me)}` : a("correction.reject.says"),
    facts: [
      [a("correction.before"), told(one.before)],
      [a("correction.after"), told(one.after)],
      [a("victim.why"), one.reason],
    ],
    asks: [],
    correctsVictim: true,
    run: () =>
      ok(api.POST(`/api/v1/complaints/{ack_no}/victim-corrections/{correction_id}/${verb}`, { params })),
  });
  return [decide("agree"), decide("reject")];
}
