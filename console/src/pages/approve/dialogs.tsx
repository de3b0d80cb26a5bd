/** Dialogs of acts: what the act does, and what the officer chooses or types for it. */

import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";

import type { Problem } from "../../api/problem.ts";
import { Choose, Field } from "../../parts/Field.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { Rupees } from "../../parts/money.tsx";
import { base64Of, PDF_MAX_BYTES } from "../../parts/pdf.ts";
import { Refusal } from "../../parts/Refusal.tsx";
import { localText } from "../../text/moments.ts";
import { rupees } from "../../text/rupees.ts";
import { caseText, worded } from "../case/text.ts";
import type { Asked } from "./acts.ts";
import { approveCommands } from "./commands.ts";
import { type File, sumsOf, type View } from "./figures.ts";
import { courtOrdersOf } from "./reads.ts";
import { approve } from "./text.ts";

const REASON_MAX_CHARS = 1000;

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

export function ActDialog(props: DialogProps): ReactNode {
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
}: Omit<DialogProps, "run"> & {
  readonly says: ReactNode;
  /** the act, once it is ready to be sent */
  readonly asked: Asked | null;
  readonly run: (asked: Asked) => void;
  readonly children?: ReactNode;
}): ReactNode {
  const t = approve.use();
  const title = approveCommands[asking.what].label();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (asked !== null && !isRunning) run(asked);
  };
  return (
    <Modal title={title} close={close}>
      <form className="stack" onSubmit={submit}>
        <p className="note acc">{says}</p>
        {children}
        {problem && <Refusal problem={problem} />}
        <div className="row">
          <button type="submit" className="btn first" disabled={asked === null || isRunning} autoFocus={children === undefined}>
            {title}
          </button>
          <button type="button" className="btn" onClick={close}>
            {t("leave")}
          </button>
        </div>
      </form>
    </Modal>
  );
}

function Plain({ act, ...props }: DialogProps & { act: "verify" | "prepare" }): ReactNode {
  const t = approve.use();
  return <Form {...props} says={t(`says.${act}`)} asked={{ act }} />;
}

function Reason({ value, change }: { value: string; change: (value: string) => void }): ReactNode {
  const t = approve.use();
  return (
    <div>
      <label htmlFor="reason">{t("reason")}</label>
      <textarea
        id="reason"
        className="in"
        rows={3}
        autoFocus
        required
        maxLength={REASON_MAX_CHARS}
        value={value}
        onChange={(event) => change(event.target.value)}
      />
    </div>
  );
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
  const asked = reason.trim() ? { act: "send_back" as const, to, reason: reason.trim() } : null;
  return (
    <Form {...props} says={t("says.send_back")} asked={asked}>
      <Choose label={t("back_to")} value={to} onChange={(event) => setTo(event.target.value as StepName)}>
        {steps.map((one) => (
          <option key={one} value={one}>
            {worded(words, "step", one)}
          </option>
        ))}
      </Choose>
      <Reason value={reason} change={setReason} />
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
      asked={reason.trim() ? { act: "refuse", reason: reason.trim() } : null}
    >
      <Reason value={reason} change={setReason} />
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
  const [document, setDocument] = useState<string | null>(null);
  const [isLarge, setIsLarge] = useState(false);
  const read = async (file: globalThis.File | undefined): Promise<void> => {
    setDocument(null);
    setIsLarge(file !== undefined && file.size > PDF_MAX_BYTES);
    if (file !== undefined && file.size <= PDF_MAX_BYTES) setDocument(await base64Of(file));
  };
  const isReady = document !== null && holdId !== "" && reason.trim() !== "";
  return (
    <Form {...props} says={t("says.waive_notice")} asked={isReady ? { act: "waive_notice", holdId, reason: reason.trim(), document } : null}>
      <Choose label={t("which_account")} value={holdId} onChange={(event) => setHoldId(event.target.value)}>
        {accounts.map((one) => (
          <option key={one.hold_id} value={one.hold_id}>
            {one.name} ••{one.account_end}
          </option>
        ))}
      </Choose>
      <Field
        label={t("signed_waiver")}
        type="file"
        accept="application/pdf"
        findings={isLarge ? [{ standing: "bad", text: t("too_large") }] : []}
        onChange={(event) => void read(event.target.files?.[0])}
      />
      <Reason value={reason} change={setReason} />
    </Form>
  );
}

function DecideObjection(props: DialogProps): ReactNode {
  const t = approve.use();
  const undecided = props.asking.view.objections.filter((one) => one.decision === null);
  const [id, setId] = useState(undecided[0]?.objection_id);
  const [decision, setDecision] = useState<"upheld" | "dismissed" | "">("");
  const [reason, setReason] = useState("");
  const objection = undecided.find((one) => one.objection_id === id);
  const releases = objection?.releases ?? [];
  const isReady = objection !== undefined && decision !== "" && reason.trim() !== "";
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
      <Choose label={t("decision_of")} value={decision} onChange={(event) => setDecision(event.target.value as typeof decision)}>
        <option value="">{t("choose")}</option>
        <option value="dismissed">{t("decide.dismissed")}</option>
        <option value="upheld">{t("decide.upheld")}</option>
      </Choose>
      {decision === "upheld" && objection && (
        <p className="note warn">
          {releases.length === 0
            ? t("upheld.sent_back")
            : releases.map((one) => (
                <span key={one.hold_id} className="block">
                  {t("upheld.releases", { bank: one.institution, end: one.account_end })} <Rupees paise={one.paise} />
                </span>
              ))}
        </p>
      )}
      <Reason value={reason} change={setReason} />
    </Form>
  );
}

const ACCOUNT = /^\d{9,18}$/;
const IFSC = /^[A-Z]{4}0[A-Z0-9]{6}$/;

/** The second officer types the account again, from the proof and not from the screen. */
function ConfirmAccount(props: DialogProps): ReactNode {
  const t = approve.use();
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
          {proposed.institution}. {t("credited.proof")} {proposed.proof}
        </p>
      )}
      <Field label={t("account_number")} autoFocus isMono inputMode="numeric" maxLength={18} value={account} onChange={(event) => setAccount(event.target.value)} />
      <Field label="IFSC" isMono maxLength={11} value={ifsc} onChange={(event) => setIfsc(event.target.value)} />
    </Form>
  );
}
