/** Adding a transfer below another one, and correcting one. Both ask the bank by themselves. */

import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok, type Problem } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Field } from "../../parts/Field.tsx";
import { useBankName } from "../../parts/names.ts";
import { ReasonField } from "../../parts/ReasonField.tsx";
import { say } from "../../parts/toasts.ts";
import { useNow } from "../../text/clock.ts";
import { localMoment, localText, readMoment } from "../../text/moments.ts";
import { isReason } from "../../text/reason.ts";
import { grouped, inWords, readRupees } from "../../text/rupees.ts";
import { casePart } from "./data.ts";
import { type Hop, nodeName } from "./HopTable.tsx";
import { caseText } from "./text.ts";

type Values = Readonly<Record<"bank" | "account" | "amount" | "reference" | "time" | "reason", string>>;

const EMPTY: Values = { bank: "", account: "", amount: "", reference: "", time: "", reason: "" };
const IFSC = /^[A-Z]{4}0[A-Z0-9]{6}$/;
const RRN = /^\d{12}$/;
const FIELD_MAX_CHARS = 100;

function partyOf(values: Values): Schemas["Party"] {
  const bank = values.bank.trim();
  const isIfsc = IFSC.test(bank.toUpperCase());
  const account = values.account.trim();
  return {
    institution: bank,
    ...(isIfsc ? { ifsc: bank.toUpperCase() } : {}),
    ...(account.includes("@") ? { vpa: account } : { account }),
  };
}

export function AddHop({ below, ackNo, close }: { below: Hop; ackNo: string; close: () => void }): ReactNode {
  const t = caseText.use();
  const nameOf = useBankName();
  const now = useNow();
  const [values, setValues] = useState(EMPTY);
  const [problem, setProblem] = useState<Problem | null>(null);
  const paise = readRupees(values.amount);
  const time = readMoment(values.time, now);
  const isReady = paise !== null && time !== null && values.bank !== "" && values.account !== "" && isReason(values.reason);
  const verb = useVerb({
    run: (body: Schemas["NewHopByDesk"]) =>
      ok(api.POST("/api/v1/cases/{ack_no}/hops", { params: { path: { ack_no: ackNo } }, body })),
    readAgain: [casePart(ackNo)],
    done: () => {
      say({ kind: "good", text: t("hop.added") });
      close();
    },
    refused: setProblem,
  });
  const send = (): void => {
    if (paise === null || time === null) return;
    verb.act({
      parent_hop_no: below.edge.hop_no,
      payee: partyOf(values),
      amount_paise: paise,
      disputed_paise: Math.min(paise, below.edge.balances_paise["in_play"] ?? paise),
      reference: values.reference.trim(),
      transferred_at: new Date(localMoment(time)).toISOString(),
      reason: values.reason.trim(),
    });
  };
  return (
    <AskDialog
      title={t("hop.add_below")}
      says={t("hop.below", { account: nodeName(below.to, nameOf), hop: below.edge.hop_no })}
      act={t("hop.add_ask")}
      isReady={isReady && !verb.isRunning}
      problem={problem}
      run={send}
      close={close}
      isFirm
    >
      <Fields values={values} set={setValues} names={["bank", "account", "amount", "reference", "time"]} />
      <Read paise={paise} time={time} />
      <ReasonField value={values.reason} set={(reason) => setValues({ ...values, reason })} />
    </AskDialog>
  );
}

export function CorrectHop({ hop, ackNo, close }: { hop: Hop; ackNo: string; close: () => void }): ReactNode {
  const t = caseText.use();
  const now = useNow();
  const [values, setValues] = useState({ ...EMPTY, amount: grouped(hop.edge.amount_paise) });
  const [problem, setProblem] = useState<Problem | null>(null);
  const paise = readRupees(values.amount);
  const time = readMoment(values.time, now);
  const reference = values.reference.trim();
  const verb = useVerb({
    run: (body: Schemas["HopCorrection"]) =>
      ok(
        api.POST("/api/v1/cases/{ack_no}/hops/{hop_no}/correct", {
          params: { path: { ack_no: ackNo, hop_no: hop.edge.hop_no } },
          body,
        }),
      ),
    readAgain: [casePart(ackNo)],
    done: () => {
      say({ kind: "good", text: t("hop.corrected") });
      close();
    },
    refused: setProblem,
  });
  const send = (): void => {
    verb.act({
      reason: values.reason.trim(),
      ...(paise !== null && paise !== hop.edge.amount_paise ? { amount_paise: paise } : {}),
      ...(values.bank !== "" && values.account !== "" ? { payee: partyOf(values) } : {}),
      ...(time === null ? {} : { transferred_at: new Date(localMoment(time)).toISOString() }),
      ...(reference === "" ? {} : RRN.test(reference) ? { rrn: reference } : { utr: reference }),
    });
  };
  return (
    <AskDialog
      title={t("hop.correct")}
      says={t("hop.correct_how", { hop: hop.edge.hop_no })}
      act={t("hop.correct_ask")}
      isReady={isReason(values.reason) && !verb.isRunning}
      problem={problem}
      run={send}
      close={close}
      isFirm
    >
      <Fields values={values} set={setValues} names={["amount", "reference", "time", "bank", "account"]} />
      <Read paise={paise} time={time} />
      <ReasonField value={values.reason} set={(reason) => setValues({ ...values, reason })} />
    </AskDialog>
  );
}

function Fields({
  values,
  set,
  names,
}: {
  values: Values;
  set: (values: Values) => void;
  names: readonly Exclude<keyof Values, "reason">[];
}): ReactNode {
  const t = caseText.use();
  return names.map((name, index) => (
    <Field
      key={name}
      label={t(`field.${name}`)}
      value={values[name]}
      maxLength={FIELD_MAX_CHARS}
      autoFocus={index === 0}
      onChange={(event) => set({ ...values, [name]: event.target.value })}
    />
  ));
}

/** How the sum and the time were understood. */
function Read({ paise, time }: { paise: number | null; time: string | null }): ReactNode {
  const t = caseText.use();
  return (
    <p className="xs mut" role="status">
      {[paise === null ? "" : inWords(paise, t.language), time === null ? "" : localText(time)].filter(Boolean).join(" · ")}
    </p>
  );
}
