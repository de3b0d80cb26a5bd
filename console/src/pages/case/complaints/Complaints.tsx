/** The complaints of the case: corrections of their victims, withdrawals, accounts to credit, and messages. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { useSession } from "../../../app/session.ts";
import { useBankName } from "../../../parts/names.ts";
import { Moment } from "../../../parts/time.tsx";
import { accountEnd } from "../../../text/accountEnd.ts";
import { personOf } from "../../../text/actors.ts";
import { ActButtons } from "../acts/ActButtons.tsx";
import { actsText } from "../acts/text.ts";
import { type CaseView, correctionsOf, creditAccountsOf, messagesOf, withdrawalsOf } from "../data.ts";
import { caseText, worded } from "../text.ts";
import { Victim } from "../Victim.tsx";
import {
  complaintActs,
  correctionActs,
  type CreditAccount,
  creditActs,
  type Withdrawal,
  withdrawalActs,
} from "./acts.ts";
import { Merges } from "./Merges.tsx";
import { Stories } from "./Stories.tsx";
import { Treatment } from "./Treatment.tsx";

export function useAsking() {
  const { actions, officer_id } = useSession();
  return { a: actsText.use(), may: (action: string): boolean => actions.includes(action), me: officer_id };
}

export default function Complaints({ view }: { view: CaseView }): ReactNode {
  const { a, may } = useAsking();
  return (
    <section className="panel" aria-labelledby="h-complaints">
      <header>
        <h2 id="h-complaints" tabIndex={-1}>
          {a("complaints")}
        </h2>
      </header>
      <ul>
        {view.complaints.map((one) => (
          <Complaint key={one.ack_no} one={one} ackNo={view.case_ack_no} />
        ))}
      </ul>
      {may("read_restoration") && <Merges ackNo={view.case_ack_no} />}
      {may("read_police") && <Messages ackNo={view.case_ack_no} />}
    </section>
  );
}

function Complaint({ one, ackNo }: { one: CaseView["complaints"][number]; ackNo: string }): ReactNode {
  const t = caseText.use();
  const asking = useAsking();
  const { a, may } = asking;
  const [isOpen, setOpen] = useState(false);
  const reads = may("read_restoration");
  const accounts = useQuery({ ...creditAccountsOf(ackNo, one.ack_no), enabled: reads }).data?.accounts;
  const withdrawals = useQuery({ ...withdrawalsOf(ackNo, one.ack_no), enabled: reads }).data?.withdrawals;
  return (
    <li className="item">
      <b className="mono">{one.ack_no}</b> <span className="mut">· {worded(t, "category", one.category)}</span>{" "}
      {one.joined && <span className="chip">{a("complaint.joined")}</span>}
      <span className="block xs mut">
        {worded(a, "intake", one.channel)} · <Moment at={Date.parse(one.received_at)} />
      </span>
      {one.ack_no !== ackNo && may("read_victim") && <Victim ackNo={ackNo} complaint={one.ack_no} />}
      {accounts?.map((account) => (
        <CreditLine key={account.account_id} account={account} ackNo={ackNo} />
      ))}
      {withdrawals?.map((withdrawal) => (
        <WithdrawalLine key={withdrawal.withdrawal_id} one={withdrawal} ackNo={ackNo} />
      ))}
      <ActButtons acts={complaintActs(one.ack_no, asking)} ackNo={ackNo} />
      {may("read_victim_corrections") && (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary className="xs">{a("corrections")}</summary>
          {isOpen && <Corrections complaint={one.ack_no} ackNo={ackNo} />}
        </details>
      )}
      {may("read_stories") && <Stories complaint={one.ack_no} ackNo={ackNo} />}
      {may("read_treatment") && <Treatment complaint={one.ack_no} ackNo={ackNo} />}
    </li>
  );
}

function CreditLine({ account, ackNo }: { account: CreditAccount; ackNo: string }): ReactNode {
  const asking = useAsking();
  const { a } = asking;
  const bankOf = useBankName();
  const isOver = account.ended_as != null;
  return (
    <div className="sub">
      <span className="xs">
        {a("credit.of", { bank: bankOf(account.institution), end: accountEnd(account.account) })}{" "}
        <span className={isOver ? "chip" : account.confirmed_at === null ? "chip warn" : "chip good"}>
          {isOver
            ? worded(a, "credit.end", account.ended_as ?? "")
            : a(account.confirmed_at === null ? "credit.waits" : "credit.confirmed")}
        </span>
        {!account.same_name && <span className="chip warn">{a("credit.other_name")}</span>}
      </span>
      <span className="block xs mut">
        {a("credit.told_by", { officer: personOf(account.told_by) })} <Moment at={Date.parse(account.told_at)} />
        {account.confirmed_by !== null && ` · ${a("credit.confirmed_by", { officer: personOf(account.confirmed_by) })}`}
        {account.object_until != null && !isOver && (
          <>
            {` · ${a("credit.object_until")} `}
            <Moment at={Date.parse(account.object_until)} />
          </>
        )}
        {account.ended_reason && ` · ${account.ended_reason}`}
      </span>
      <ActButtons acts={creditActs(account, asking)} ackNo={ackNo} />
    </div>
  );
}

function WithdrawalLine({ one, ackNo }: { one: Withdrawal; ackNo: string }): ReactNode {
  const asking = useAsking();
  const { a } = asking;
  return (
    <div className="sub">
      <span className="xs">
        {worded(a, "withdraw.kind", one.kind)}
        {one.hop_no !== null && ` · ${a("lines.hop", { hop: one.hop_no })}`}{" "}
        <span className={one.decision === null ? "chip warn" : "chip"}>
          {one.decision === null ? a("withdraw.waits") : worded(a, "withdraw.was", one.decision)}
        </span>
      </span>
      <span className="block xs mut">
        {a("by_at", { officer: personOf(one.proposed_by) })} <Moment at={Date.parse(one.proposed_at)} /> · {one.reason}
        {one.decided_reason && ` · ${one.decided_reason}`}
      </span>
      <ActButtons acts={withdrawalActs(one, asking)} ackNo={ackNo} />
    </div>
  );
}

/** Corrections have names and numbers, so they are read only when an officer opens them. Reading is logged. */
function Corrections({ complaint, ackNo }: { complaint: string; ackNo: string }): ReactNode {
  const asking = useAsking();
  const { a } = asking;
  const found = useQuery(correctionsOf(ackNo, complaint)).data?.corrections;
  if (found === undefined) return <p className="xs mut">{a("loading")}</p>;
  if (found.length === 0) return <p className="xs mut">{a("corrections.none")}</p>;
  return found.map((one) => (
    <div key={one.correction_id} className="sub">
      <span className="xs">
        {one.fields.map((name) => worded(a, "corrected", name)).join(", ")}{" "}
        <span className={one.decision === null ? "chip warn" : "chip"}>
          {one.decision === null ? a("withdraw.waits") : worded(a, "withdraw.was", one.decision)}
        </span>
      </span>
      <span className="block xs mut">
        {a("by_at", { officer: personOf(one.proposed_by) })} <Moment at={Date.parse(one.proposed_at)} />
      </span>
      <ActButtons acts={correctionActs(one, asking)} ackNo={ackNo} />
    </div>
  ));
}

function Messages({ ackNo }: { ackNo: string }): ReactNode {
  const a = actsText.use();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="item" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{a("messages")}</summary>
      {isOpen && <MessageList ackNo={ackNo} />}
    </details>
  );
}

function MessageList({ ackNo }: { ackNo: string }): ReactNode {
  const { a, may } = useAsking();
  const messages = useQuery(messagesOf(ackNo)).data?.items;
  if (messages === undefined) return <p className="xs mut">{a("loading")}</p>;
  if (messages.length === 0) return <p className="xs mut">{a("messages.none")}</p>;
  return (
    <ul className="lines xs">
      {messages.map((one) => (
        <li key={one.message_id}>
          {worded(a, "recipient", one.to_whom)} · {worded(a, "medium", one.medium)} · {one.kind.replaceAll("_", " ")} ·{" "}
          <Moment at={Date.parse(one.written_at)} />{" "}
          <span className={one.sent_at === null ? "chip warn" : "chip good"}>
            {a(one.sent_at === null ? "message.waits" : "message.sent")}
          </span>
          {one.failure && <span className="block mut">{one.failure}</span>}
          {one.sent_at === null && may("send_message") && (
            <ActButtons
              ackNo={ackNo}
              acts={[
                {
                  name: "again",
                  title: a("message.again"),
                  says: a("message.again.says"),
                  asks: [],
                  run: () =>
                    ok(
                      api.POST("/api/v1/messages/{message_id}/send-again", {
                        params: { path: { message_id: one.message_id } },
                      }),
                    ),
                },
              ]}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
