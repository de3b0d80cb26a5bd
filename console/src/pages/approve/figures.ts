/** What follows from a file: its sums, whether its voices agree, its checks, and whether it is a simple one. */

import type { Schemas } from "../../api/client.ts";
import { isActor } from "../../text/actors.ts";

/** A restoration as the API gives it: fields that have a value where there is none are always there. */
export type View = Schemas["RestorationView"] & Required<Pick<Schemas["RestorationView"], "beneficiaries">>;
export type File = Schemas["RestorationFile"];
export type Account = Schemas["AccountOfFile"];
export type Transfer = Schemas["TransferOfFile"];
export type Step = Schemas["OfficerStep"];
export type Act = Schemas["OfficerAct"];

/** Whether a restoration has ended without a credit. Its money may be another victim’s by now. */
export function isInVain(view: Pick<View, "state">): boolean {
  return view.state === "cancelled" || view.state === "refused";
}

/** What the sum of the file is: on hold, to be given back, or what became of it. */
export function headOf(
  view: Pick<View, "state" | "prepared_by" | "restored_paise">,
  paise: number,
): "not_given_back" | "on_hold_for" | "given_back" | "give_back" {
  if (isInVain(view)) return "not_given_back";
  if (view.prepared_by === null) return "on_hold_for";
  return view.restored_paise > 0 && view.restored_paise >= paise ? "given_back" : "give_back";
}

/** Whether a document is part of a file. A case may have other victims, each with files of their own. */
export function isOfFile(links: Schemas["DocumentLinks"], view: Pick<View, "ack_no" | "restoration_id">): boolean {
  if (links.ack_no != null) return links.ack_no === view.ack_no;
  return links.restoration_id == null || links.restoration_id === view.restoration_id;
}

/** All steps of one restoration that wait for the officer. */
export interface Waiting {
  readonly head: Step;
  readonly acts: readonly Act[];
}

/** Bring the acts of one restoration together; the server's order has them side by side. */
export function grouped(steps: readonly Step[]): Waiting[] {
  const found: { head: Step; acts: Act[] }[] = [];
  for (const step of steps) {
    const last = found.at(-1);
    if (last?.head.restoration_id === step.restoration_id) last.acts.push(step.act);
    else found.push({ head: step, acts: [step.act] });
  }
  return found;
}

export interface Sums {
  readonly held: number;
  readonly others: number;
  readonly victim: number;
  /** what stays on hold there: `held` less `victim` */
  readonly stays: number;
}

export function sumsOf(accounts: readonly Account[]): Sums {
  const of = (figure: "held_paise" | "others_claim_paise" | "victim_paise"): number =>
    accounts.reduce((sum, one) => sum + one[figure], 0);
  const held = of("held_paise");
  const victim = of("victim_paise");
  return { held, others: of("others_claim_paise"), victim, stays: held - victim };
}

/** How a bank's voice stands: it agrees, it does not, it has said nothing, or a person entered it for the bank. */
export type Standing = "good" | "differs" | "silent" | "entered";

export function standingOf(transfer: Transfer, voice: "holder" | "payer"): Standing {
  if (transfer[voice].paise === null) return "silent";
  if (transfer.agree === false) return "differs";
  return transfer.entered_by.length > 0 ? "entered" : "good";
}

export function unsettled(transfer: Transfer): boolean {
  return transfer.discrepancies.some((one) => one.decision === null);
}

/** Whether a bank itself confirms each rupee of an account, and no voice contradicts. */
export function isConfirmed(account: Account): boolean {
  return (
    account.transfers.length > 0 &&
    account.transfers.every(
      (one) =>
        one.agree !== false &&
        !unsettled(one) &&
        (one.confirmed_by === "sending_bank" || one.confirmed_by === "receiving_bank"),
    )
  );
}

/** Whether an approval needs no more than one look: no court, one account, no other account to be credited. */
export function isSimple(one: Waiting, me: string): boolean {
  return (
    one.acts.includes("approve") &&
    one.head.route === "no_court" &&
    one.head.accounts === 1 &&
    !one.head.is_other_account &&
    !one.head.is_disputed &&
    !isActor(me, one.head.prepared_by)
  );
}

export type CheckName = "money" | "disputes" | "payers" | "application" | "objection_time" | "order";

export interface Check {
  readonly name: CheckName;
  readonly isGood: boolean;
}

/** What the server checks again when the officer approves, as far as the file shows it. */
export function checksOf(view: View, now: number): Check[] {
  const isDecided = view.objections.every((one) => one.decision !== null) && view.grievances.length === 0;
  const checks: Check[] = [
    { name: "money", isGood: view.lines.every((one) => (one.due_paise ?? 0) <= one.held_paise) },
    { name: "disputes", isGood: isDecided },
    { name: "payers", isGood: !view.contested.some((one) => one.undecided) },
    { name: "application", isGood: view.beneficiaries.every((one) => one.in_application) },
  ];
  const until = otherAccountOf(view)?.object_until;
  if (until) checks.push({ name: "objection_time", isGood: Date.parse(until) <= now });
  if (view.court_order !== null) {
    const most = view.court_order.amount_paise;
    const due = view.lines.reduce((sum, one) => sum + (one.due_paise ?? 0), 0);
    checks.push({ name: "order", isGood: most === null || due <= most });
  }
  return checks;
}

/** The account to be credited, if it is another one than the account that paid. */
export function otherAccountOf(view: View): View["beneficiaries"][number] | undefined {
  return view.beneficiaries.find((one) => one.credit_account_id !== null && one.credit_account_id !== undefined);
}

/** Why the officer may neither approve nor refuse; null if the officer may. */
export function fourEyesOf(view: View, me: string): "prepared" | "told" | null {
  if (isActor(me, view.prepared_by)) return "prepared";
  return isActor(me, otherAccountOf(view)?.told_by) ? "told" : null;
}

/** The orders that an approval sends: the sum of each bank, the largest first. */
export function ordersOf(file: File): { readonly name: string; readonly paise: number }[] {
  const sums = new Map<string, number>();
  for (const one of file.accounts) {
    if (one.victim_paise > 0) sums.set(one.name, (sums.get(one.name) ?? 0) + one.victim_paise);
  }
  return [...sums].map(([name, paise]) => ({ name, paise })).sort((one, other) => other.paise - one.paise);
}
