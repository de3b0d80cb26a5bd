/** Dialogs of acts: what the act does, and what the officer chooses or types for it. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import type { Problem } from "../../api/problem.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { Rupees } from "../../parts/money.tsx";
import { useBankName } from "../../parts/names.ts";
import { PdfField } from "../../parts/PdfField.tsx";
import { ReasonField } from "../../parts/ReasonField.tsx";
import { localText } from "../../text/moments.ts";
import { isReason } from "../../text/reason.ts";
import { rupees } from "../../text/rupees.ts";
import { caseText, worded } from "../case/text.ts";
import type { Asked } from "./acts.ts";
import { approveCommands } from "./commands.ts";
import { type File, sumsOf, type View } from "./figures.ts";
import { courtOrdersOf } from "./reads.ts";
import { approve } from "./text.ts";

export interface Asking {
  readonly what: Exclude<Asked["act"], "approve">;
  readonly view: View;
  readonly file: File;
}

interface DialogProps {
  readonly asking: Asking;
  readonly isRunning: boolean;
  /** why the server refused the act before */
  readonly problem: Problem | null;
  readonly close: () => void;
  readonly run: (asked: Asked) => void;
}

/** The dialog of one act on a restoration. */
export function RestorationDialog(props: DialogProps): ReactNode {
  switch (props.asking.what) {
    case "verify":
    case "prepare":
      return <Plain {...props} act={props.asking.what} />;
    case "send_back":
      return <SendBack {...props} />;
    case "refuse":
      return <Refuse {...props} />;
    case "take_order":
      return <TakeOrder {...props} />;
    case "waive_notice":
      return <Waive {...props} />;
    case "decide_objection":
      return <DecideObjection {...props} />;
    case "confirm_credit_account":
      return <ConfirmAccount {...props} />;
  }
}

/** A form that says what the act does. It is sent once everything that it needs is there. */
function Form({
  asking,
  isRunning,
  problem,
  close,
  says,
  asked,
  run,
  children,
}: DialogProps & {
  readonly says: ReactNode;
  /** the act, once it is ready to be sent */
  readonly asked: Asked | null;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <AskDialog
      title={approveCommands[asking.what].label()}
      says={says}
      isReady={asked !== null && !isRunning}
      problem={problem}
      run={() => asked !== null && run(asked)}
      close={close}
      isDanger={asking.what === "refuse"}
      actHasFocus={children === undefined}
    >
      {children}
    </AskDialog>
  );
}

function Plain({ act, ...props }: DialogProps & { act: "verify" | "prepare" }): ReactNode {
  const t = approve.use();
  return <Form {...props} says={t(`says.${act}`)} asked={{ act }} />;
}

type StepName = View["step"];

/** The earlier steps to which it can go back. The trail is not collected again. */
function earlierSteps(view: View): StepName[] {
  return [...new Set(view.steps.map((one) => one.step))].filter((one) => one !== "collecting" && one !== view.step);
}

function SendBack(props: DialogProps): ReactNode {
  const t = approve.use();
  const words = caseText.use();
  const steps = earlierSteps(props.asking.view);
  const [to, setTo] = useState<StepName>(steps.includes("verification") ? "verification" : (steps[0] ?? "application"));
  const [reason, setReason] = useState("");
  const asked = isReason(reason) ? { act: "send_back" as const, to, reason: reason.trim() } : null;
  return (
    <Form {...props} says={t("says.send_back")} asked={asked}>
      <Choose label={t("back_to")} value={to} onChange={(event) => setTo(event.target.value as StepName)}>
        {steps.map((one) => (
          <option key={one} value={one}>
            {worded(words, "step", one)}
          </option>
        ))}
      </Choose>
      <ReasonField value={reason} set={setReason} hasFocus />
    </Form>
  );
}

function Refuse(props: DialogProps): ReactNode {
  const t = approve.use();
  const [reason, setReason] = useState("");
  const { accounts } = props.asking.file;
  const holds = t.count("says.refuse.holds", accounts.length, { sum: rupees(sumsOf(accounts).victim) });
  return (
    <Form
      {...props}
      says={
        <>
          {t("says.refuse")} <b>{holds}</b>
        </>
      }
      asked={isReason(reason) ? { act: "refuse", reason: reason.trim() } : null}
    >
      <ReasonField value={reason} set={setReason} hasFocus />
    </Form>
  );
}

function TakeOrder(props: DialogProps): ReactNode {
  const t = approve.use();
  const found = useQuery(courtOrdersOf(props.asking.view)).data;
  const orders = (found ?? []).filter((one) => one.confirmed_at !== null && one.withdrawn_at === null && one.ended_as === null);
  const [chosen, setChosen] = useState<number | null>(null);
  const orderId = chosen ?? orders[0]?.court_order_id ?? null;
  return (
    <Form {...props} says={t("says.take_order")} asked={orderId === null ? null : { act: "take_order", courtOrderId: orderId }}>
      {found !== undefined && orders.length === 0 && <p className="note warn">{t("no_order")}</p>}
      {orders.length > 0 && (
        <Choose label={t("order")} autoFocus value={orderId ?? ""} onChange={(event) => setChosen(Number(event.target.value))}>
          {orders.map((one) => (
            <option key={one.court_order_id} value={one.court_order_id}>
              {one.court}, {one.order_no}, {localText(one.made_on)}
              {one.amount_paise === null ? "" : `, ${rupees(one.amount_paise)}`}
            </option>
          ))}
        </Choose>
      )}
    </Form>
  );
}

function Waive(props: DialogProps): ReactNode {
  const t = approve.use();
  const { accounts } = props.asking.file;
  const [holdId, setHoldId] = useState(accounts[0]?.hold_id ?? "");
  const [reason, setReason] = useState("");
  const [document, setDocument] = useState<globalThis.File | null>(null);
  const isReady = document !== null && holdId !== "" && isReason(reason);
  return (
    <Form {...props} says={t("says.waive_notice")} asked={isReady ? { act: "waive_notice", holdId, reason: reason.trim(), document } : null}>
      <Choose label={t("which_account")} autoFocus value={holdId} onChange={(event) => setHoldId(event.target.value)}>
        {accounts.map((one) => (
          <option key={one.hold_id} value={one.hold_id}>
            {one.name} ••{one.account_end}
          </option>
        ))}
      </Choose>
      <PdfField label={t("signed_waiver")} set={setDocument} />
      <ReasonField value={reason} set={setReason} />
    </Form>
  );
}

function DecideObjection(props: DialogProps): ReactNode {
  const t = approve.use();
  const bankOf = useBankName();
  const undecided = props.asking.view.objections.filter((one) => one.decision === null && !one.release_hears_until);
  const [id, setId] = useState(undecided[0]?.objection_id);
  const [decision, setDecision] = useState<"upheld" | "dismissed" | "">("");
  const [reason, setReason] = useState("");
  const objection = undecided.find((one) => one.objection_id === id);
  const releases = objection?.releases ?? [];
  const isReady = objection !== undefined && decision !== "" && isReason(reason);
  return (
    <Form
      {...props}
      says={t("says.decide_objection")}
      asked={isReady ? { act: "decide_objection", objection, decision, reason: reason.trim() } : null}
    >
      {undecided.length > 1 && (
        <Choose label={t("objection")} value={id} onChange={(event) => setId(Number(event.target.value))}>
          {undecided.map((one) => (
            <option key={one.objection_id} value={one.objection_id}>
              {t(`by.${one.by_whom}`)}: {one.text.slice(0, 60)}
            </option>
          ))}
        </Choose>
      )}
      {objection && (
        <blockquote className="note">
          {t(`by.${objection.by_whom}`)}: “{objection.text}”
        </blockquote>
      )}
      <Choose label={t("decision_of")} autoFocus value={decision} onChange={(event) => setDecision(event.target.value as typeof decision)}>
        <option value="">{t("choose")}</option>
        <option value="dismissed">{t("decide.dismissed")}</option>
        <option value="upheld">{t("decide.upheld")}</option>
      </Choose>
      {decision === "upheld" && objection && (
        <p className="note warn">
          {releases.length === 0 ? t("upheld.sent_back") : t("upheld.victim")}
          {releases.map((one) => (
            <span key={one.hold_id} className="block">
              {t("upheld.releases", { bank: bankOf(one.institution), end: one.account_end })} <Rupees paise={one.paise} />
            </span>
          ))}
        </p>
      )}
      <ReasonField value={reason} set={setReason} />
    </Form>
  );
}

const ACCOUNT = /^\d{9,18}$/;
const IFSC = /^[A-Z]{4}0[A-Z0-9]{6}$/;

/** The second officer types the account again, from the proof and not from the screen. */
function ConfirmAccount(props: DialogProps): ReactNode {
  const t = approve.use();
  const bankOf = useBankName();
  const proposed = props.asking.file.credit_account;
  const [account, setAccount] = useState("");
  const [ifsc, setIfsc] = useState("");
  const isReady = proposed !== null && ACCOUNT.test(account.trim()) && IFSC.test(ifsc.trim().toUpperCase());
  return (
    <Form
      {...props}
      says={t("says.confirm_credit_account")}
      asked={
        isReady
          ? { act: "confirm_credit_account", accountId: proposed.account_id, account: account.trim(), ifsc: ifsc.trim().toUpperCase() }
          : null
      }
    >
      {proposed && (
        <p className="sm">
          {bankOf(proposed.institution)}. {t("credited.proof")} {proposed.proof}
        </p>
      )}
      <Field label={t("account_number")} autoFocus isMono inputMode="numeric" maxLength={18} value={account} onChange={(event) => setAccount(event.target.value)} />
      <Field label="IFSC" isMono maxLength={11} value={ifsc} onChange={(event) => setIfsc(event.target.value)} />
    </Form>
  );
}
