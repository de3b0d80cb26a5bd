/** Two doubts that officers decide: who paid a transfer, and transfers that only the bank of a victim names. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { api, type Schemas } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { useSession } from "../../../app/session.ts";
import { payerOf, useBankName } from "../../../parts/names.ts";
import { Moment } from "../../../parts/time.tsx";
import { personOf } from "../../../text/actors.ts";
import { rupees } from "../../../text/rupees.ts";
import { type Act, type Acts, field, reasonAsk, secondSays } from "../acts/act.ts";
import { ActButtons } from "../acts/ActButtons.tsx";
import { UNCHOSEN } from "../acts/form.ts";
import { actsText, type ActsRead } from "../acts/text.ts";
import { contestedOf, inquiriesOf } from "../data.ts";

type Transfer = Schemas["ContestedTransfer"];
type Found = Schemas["FoundTransfer"];

export function Contested({ ackNo }: { ackNo: string }): ReactNode {
  const { actions } = useSession();
  const found = useQuery({ ...contestedOf(ackNo), enabled: actions.includes("read_restoration") }).data?.transfers;
  return found?.map((one) =>
    one.undecided ? <Undecided key={one.hop_no} one={one} ackNo={ackNo} /> : <Decided key={one.hop_no} one={one} />,
  );
}

/** The payer that each complaint names, and the proposal that waits. */
function Undecided({ one, ackNo }: { one: Transfer; ackNo: string }): ReactNode {
  const a = actsText.use();
  const { actions, officer_id } = useSession();
  const may = (action: string): boolean => actions.includes(action);
  const bankOf = useBankName();
  return (
    <div className="item">
      <b>{a("payer.who", { hop: one.hop_no })}</b>
      <div className="vs">
        {one.claims.map((claim) => (
          <div key={claim.ack_no}>
            <span className="xs mut mono">{claim.ack_no}</span>
            <b>
              {bankOf(claim.payer_institution)} {claim.account_end && `••${claim.account_end}`}
            </b>
            <span className="xs mut">
              <Moment at={Date.parse(claim.received_at)} />
              {claim.stands && ` · ${a("payer.stands")}`}
            </span>
          </div>
        ))}
      </div>
      {one.ordered === true && (
        <p className="xs b warn">{a("payer.ordered", { complaint: one.claims.find((claim) => claim.stands)?.ack_no ?? "–" })}</p>
      )}
      {one.bank_differs === true && <p className="xs b warn">{a("payer.bank_differs")}</p>}
      {one.decisions
        .filter((decision) => decision.agreed_at === null)
        .map((decision) => (
          <p key={decision.decision_id} className="xs b warn">
            {a("payer.proposed", { complaint: decision.ack_no, officer: personOf(decision.proposed_by) })}{" "}
            {decision.reason}
          </p>
        ))}
      <ActButtons acts={payerActs(ackNo, one, a, may, officer_id)} ackNo={ackNo} />
    </div>
  );
}

/** What two officers have decided, which stays to be read beside the money. */
function Decided({ one }: { one: Transfer }): ReactNode {
  const a = actsText.use();
  const bankOf = useBankName();
  const decision = one.decisions.findLast((each) => each.agreed_at !== null);
  if (decision?.agreed_at == null) return null;
  return (
    <div className="item">
      <b>{a("payer.decided", { hop: one.hop_no, complaint: decision.ack_no, payer: payerOf(one, decision.ack_no, bankOf) })}</b>
      <span className="block xs mut">
        {personOf(decision.proposed_by)}, {personOf(decision.agreed_by ?? "")} ·{" "}
        <Moment at={Date.parse(decision.agreed_at)} /> · {decision.reason}
      </span>
      {decision.given_to != null && <span className="block xs">{a("payer.given_to", { complaint: decision.given_to })}</span>}
    </div>
  );
}

function payerActs(ackNo: string, one: Transfer, a: ActsRead, may: (action: string) => boolean, me: string): Acts {
  const proposed = one.decisions.filter((decision) => decision.agreed_at === null);
  return [
    may("propose_payer") && {
      name: "propose",
      title: a("payer.propose"),
      says: `${a("payer.propose.says")} ${a("payer.ends")}`,
      asks: [
        field("complaint", "choice", a("payer.right"), {
          begins: UNCHOSEN,
          options: one.claims.map((claim) => ({
            value: claim.ack_no,
            label: `${claim.ack_no} · ${payerOf(one, claim.ack_no)}`,
          })),
        }),
        reasonAsk(),
      ],
      run: (given) =>
        ok(
          api.POST("/api/v1/cases/{ack_no}/hops/{hop_no}/payer-decisions", {
            params: { path: { ack_no: ackNo, hop_no: one.hop_no } },
            body: { ack_no: given.text("complaint"), reason: given.text("reason") },
          }),
        ),
    },
    ...proposed.map(
      (decision): Act | false =>
        may("agree_to_payer") && {
          name: `agree ${decision.decision_id}`,
          title: a("payer.agree", { complaint: decision.ack_no }),
          says: [
            a("payer.agree.says"),
            ...(one.claims.some((claim) => claim.stands && claim.ack_no !== decision.ack_no) ? [a("payer.ends")] : []),
            secondSays(a, decision.proposed_by, me),
          ].join(" "),
          facts: [
            [decision.ack_no, payerOf(one, decision.ack_no)],
            [a("payer.why"), decision.reason],
          ],
          asks: [],
          run: () =>
            ok(
              api.POST("/api/v1/cases/{ack_no}/hops/{hop_no}/payer-decisions/{decision_id}/agree", {
                params: { path: { ack_no: ackNo, hop_no: one.hop_no, decision_id: decision.decision_id } },
                body: { ack_no: decision.ack_no },
              }),
            ),
        },
    ),
  ];
}

/** Transfers that left the account of a victim by the bank's statement, and that no complaint has told. */
export function FoundTransfers({ ackNo }: { ackNo: string }): ReactNode {
  const a = actsText.use();
  const { actions } = useSession();
  const bankOf = useBankName();
  const found = useQuery(inquiriesOf(ackNo)).data?.inquiries.flatMap((one) => one.found) ?? [];
  return found
    .filter((one) => one.decision === null && one.followed_hop_no == null)
    .map((one) => (
      <div key={one.found_id} className="item">
        <b>{a("found", { sum: rupees(one.amount_paise) })}</b>{" "}
        <span className="xs mut">
          {bankOf(one.payee_institution) || "–"} {one.account_end && `••${one.account_end}`} · {one.reference || "–"}
          {one.occurred_at !== null && (
            <>
              {" · "}
              <Moment at={Date.parse(one.occurred_at)} />
            </>
          )}
        </span>
        {one.payer_differs && <p className="xs b warn">{a("found.payer_differs")}</p>}
        {actions.includes("change_hop") && <ActButtons acts={foundActs(ackNo, one, a)} ackNo={ackNo} />}
      </div>
    ));
}

function foundActs(ackNo: string, one: Found, a: ActsRead): Acts {
  const decide = (decision: Schemas["FoundDecision"]): Act => ({
    name: decision,
    title: a(`found.${decision}`),
    says: a(`found.${decision}.says`),
    asks: [reasonAsk()],
    run: (given) =>
      ok(
        api.POST("/api/v1/cases/{ack_no}/found-transfers/{found_id}/decide", {
          params: { path: { ack_no: ackNo, found_id: one.found_id } },
          body: { decision, reason: given.text("reason") },
        }),
      ),
  });
  return [decide("taken"), decide("dismissed")];
}
