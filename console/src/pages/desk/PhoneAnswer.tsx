/** What the bank says on the telephone, entered line by line while it speaks. */

import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { createPortal } from "react-dom";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { Choose, Field, type Finding, Findings } from "../../parts/Field.tsx";
import { Rupees } from "../../parts/money.tsx";
import { choices } from "../../parts/names.ts";
import { say } from "../../parts/toasts.ts";
import { serverNow, useNow } from "../../text/clock.ts";
import { timeText } from "../../text/moments.ts";
import { readRupees, rupees } from "../../text/rupees.ts";
import {
  answerOf,
  type Fault,
  faultsOf,
  isOddReference,
  lacksOf,
  newPart,
  type Part,
  PART_KEYS,
  PART_KINDS,
  type PartKind,
  REFUSAL_CODES,
  type Spoken,
  unsaidPaise,
} from "./answer.ts";
import { deskCommands } from "./commands.ts";
import { desk } from "./text.ts";

/** A request about which a bank is telephoned. */
export interface Telephoned {
  readonly requestId: string;
  readonly ackNo: string;
  readonly institution: Schemas["TaskInstitution"] | null;
  readonly hops: readonly Schemas["TaskHop"][];
}

/** Answers that are typed and not booked, by request: another one may be looked at meanwhile. Memory only. */
const typed = new Map<string, Spoken>();
let lastPart = 0;

/** Whether something is typed about a request and not booked. */
export function isTyped(requestId: string): boolean {
  return typed.has(requestId);
}

function beginning({ institution }: Telephoned): Spoken {
  const first = institution?.nodal_officers.find((one) => one.on_duty) ?? institution?.nodal_officers[0];
  return {
    name: first?.name ?? "",
    designation: first?.role ?? "",
    number: first?.mobile ?? "",
    at: "",
    callsBack: "",
    parts: [],
  };
}

export function PhoneAnswer({
  asked,
  booked,
  foot,
}: {
  asked: Telephoned;
  booked: () => void;
  /** the place of the button, below what scrolls */
  foot: HTMLElement | null;
}): ReactNode {
  const t = desk.use();
  const now = useNow();
  const [spoken, setSpoken] = useState(() => typed.get(asked.requestId) ?? beginning(asked));
  const [isTried, setIsTried] = useState(false);
  const change = (next: Partial<Spoken>): void => {
    const changed = { ...spoken, ...next };
    typed.set(asked.requestId, changed);
    setSpoken(changed);
  };
  const book = useVerb({
    run: (body: Schemas["NewTelephoneAnswer"], key) =>
      ok(
        api.POST("/api/v1/cases/{ack_no}/requests/{request_id}/telephone-answers", {
          params: {
            path: { ack_no: asked.ackNo, request_id: asked.requestId },
            header: { "idempotency-key": key },
          },
          body,
        }),
      ),
    done: (taken) => {
      typed.delete(asked.requestId);
      setSpoken(beginning(asked));
      setIsTried(false);
      say({ kind: taken.for_second_officer.length > 0 ? "plain" : "good", text: bookedText(t, taken) });
      booked();
    },
    refused: () => undefined,
  });
  const lacks = lacksOf(spoken, now);
  const run = (): void => {
    setIsTried(true);
    if (lacks.length === 0 && !book.isRunning) book.act(answerOf(spoken, serverNow()));
  };
  const shown: readonly Finding[] = [
    ...(isTried ? lacks.map((lack) => ({ standing: "bad" as const, text: t(`lack.${lack}`) })) : []),
    ...(book.problem ? [{ standing: "bad" as const, ...book.problem.said() }] : []),
  ];
  return (
    <>
      <section className="word" aria-labelledby="h-word">
        <div className="row">
          <h2 id="h-word">{t("banks_word")}</h2>
          <span className="push xs mut">{t("word_keys")}</span>
        </div>
        {asked.hops.map((hop, place) => (
          <HopLine
            key={hop.hop_no}
            hop={hop}
            place={place + 1}
            parts={spoken.parts}
            isTried={isTried}
            change={(parts) => change({ parts })}
          />
        ))}
        <div className="speaker">
          <Field label={t("who_said")} maxLength={200} value={spoken.name} onChange={(event) => change({ name: event.target.value })} />
          <Field label={t("on_number")} inputMode="tel" maxLength={30} value={spoken.number} onChange={(event) => change({ number: event.target.value })} />
          <Field label={t("when_said")} placeholder={timeText(now)} maxLength={20} value={spoken.at} onChange={(event) => change({ at: event.target.value })} />
          <Field label={t("calls_back")} inputMode="numeric" maxLength={5} value={spoken.callsBack} onChange={(event) => change({ callsBack: event.target.value })} />
        </div>
        <Findings findings={shown} />
      </section>
      {foot &&
        createPortal(
          <div className="book">
            <CommandButton command={deskCommands.book} run={run} isDisabled={book.isRunning} className="btn first" />
          </div>,
          foot,
        )}
    </>
  );
}

type T = ReturnType<typeof desk.use>;

/** What became of a booked answer, in one message. */
function bookedText(t: T, taken: Schemas["TelephoneAnswerTaken"]): string {
  return [
    t.count("booked", taken.accepted),
    taken.for_second_officer.length > 0 && t("booked_second"),
    taken.hops_open.length > 0 && t.count("booked_open", taken.hops_open.length),
    !taken.number_is_known && t("booked_number"),
  ]
    .filter(Boolean)
    .join(" ");
}

/** One transfer that the bank is asked about, with the parts of what it says. */
function HopLine({
  hop,
  place,
  parts,
  isTried,
  change,
}: {
  hop: Schemas["TaskHop"];
  place: number;
  parts: readonly Part[];
  /** whether the officer tried to book, so that each field says what it lacks */
  isTried: boolean;
  change: (parts: readonly Part[]) => void;
}): ReactNode {
  const t = desk.use();
  const id = useId();
  const own = parts.filter((part) => part.hop === hop.hop_no);
  const unsaid = unsaidPaise(hop.hop_no, hop.in_play_paise, parts);
  const add = (kind: PartKind): void => {
    lastPart += 1;
    const part = newPart(lastPart, hop.hop_no, kind);
    change([...parts, { ...part, sum: kind === "refused" || unsaid <= 0 ? "" : rupees(unsaid).slice(1) }]);
    // The field is there after the next drawing.
    setTimeout(() => document.getElementById(`part-${part.id}`)?.focus());
  };
  const press = (event: KeyboardEvent<HTMLDivElement>): void => {
    const kind = event.ctrlKey || event.altKey || event.metaKey ? undefined : PART_KEYS[event.key.toLowerCase()];
    if (kind === undefined || event.target !== event.currentTarget) return;
    event.preventDefault();
    event.stopPropagation();
    add(kind);
  };
  const findings: Finding[] = [];
  if (own.length > 0 && unsaid > 0) {
    findings.push({ standing: "warn", text: t("unsaid", { sum: rupees(unsaid), of: rupees(hop.in_play_paise) }) });
  }
  if (unsaid < 0) findings.push({ standing: "warn", text: t("too_much", { sum: rupees(-unsaid) }) });
  return (
    <div className="ln" role="group" tabIndex={0} aria-labelledby={id} onKeyDown={press}>
      <div id={id} className="row sm">
        <span>{place}</span>
        <b className="mono">{hop.reference || t("no_reference")}</b>
        <span className="mut">{timeText(Date.parse(hop.transferred_at))}</span>
        {own.length === 0 && <span className="chip">{t("nothing_entered")}</span>}
        <b className="push">
          <Rupees paise={hop.in_play_paise} />
        </b>
      </div>
      <div className="row wrap adds">
        {PART_KINDS.map((kind) => (
          <button key={kind} type="button" className="btn" onClick={() => add(kind)}>
            {t(`part.${kind}`)} <kbd aria-hidden="true">{keyOfKind(kind)}</kbd>
          </button>
        ))}
      </div>
      {own.map((part) => (
        <PartFields
          key={part.id}
          part={part}
          isTried={isTried}
          change={(next) => change(parts.map((one) => (one.id === part.id ? { ...one, ...next } : one)))}
          remove={() => change(parts.filter((one) => one.id !== part.id))}
        />
      ))}
      <Findings findings={findings} />
    </div>
  );
}

function keyOfKind(kind: PartKind): string {
  return (Object.entries(PART_KEYS).find(([, one]) => one === kind)?.[0] ?? "").toUpperCase();
}

function PartFields({
  part,
  isTried,
  change,
  remove,
}: {
  part: Part;
  isTried: boolean;
  change: (next: Partial<Part>) => void;
  remove: () => void;
}): ReactNode {
  const t = desk.use();
  const id = `part-${part.id}`;
  const faults = faultsOf(part);
  const paise = readRupees(part.sum);
  const lacking = (name: Fault): readonly Finding[] =>
    isTried && faults.includes(name) ? [{ standing: "bad", text: t(`fault.${name}`) }] : [];
  const field = (name: "reference" | "account" | "merchant", label: string, max: number): ReactNode => (
    <Field
      label={label}
      isMono={name !== "merchant"}
      maxLength={max}
      value={part[name]}
      findings={
        name === "reference" && part.kind !== "held" && isOddReference(part.reference)
          ? [{ standing: "warn", text: t("odd_reference", { count: part.reference.trim().length }) }]
          : lacking(name)
      }
      onChange={(event) => change({ [name]: event.target.value })}
    />
  );
  return (
    <fieldset className="pt">
      <legend className="row sm">
        <span>{t(`part.${part.kind}`)}</span>
        <button type="button" className="btn link" onClick={remove}>
          {t("remove")}
        </button>
      </legend>
      {part.kind === "refused" ? (
        <Refused id={id} code={part.code} findings={lacking("code")} change={(code) => change({ code })} />
      ) : (
        <div>
          <label htmlFor={id}>{t("sum")}</label>
          <input
            id={id}
            className={`in num ${faults.includes("sum") && part.sum ? "bad" : ""}`}
            inputMode="decimal"
            maxLength={24}
            title={paise === null ? undefined : rupees(paise)}
            value={part.sum}
            onFocus={(event) => event.target.select()}
            onChange={(event) => change({ sum: event.target.value })}
          />
          <Findings findings={lacking("sum")} />
        </div>
      )}
      {part.kind === "held" && field("reference", t("lien_number"), 64)}
      {part.kind === "moved" && (
        <>
          {field("reference", t("reference"), 64)}
          <BankOfPayee
            value={part.institution}
            findings={lacking("institution")}
            onChange={(institution) => change({ institution })}
          />
          {field("account", t("account"), 100)}
        </>
      )}
      {part.kind === "withdrawn" && (
        <>
          <Choose label={t("by")} value={part.by} onChange={(event) => change({ by: event.target.value as Part["by"] })}>
            {(["atm", "aeps", "cheque"] as const).map((by) => (
              <option key={by} value={by}>
                {t(`by.${by}`)}
              </option>
            ))}
          </Choose>
          {field("reference", t("reference_if_any"), 64)}
        </>
      )}
      {part.kind === "spent" && (
        <>
          {field("merchant", t("merchant"), 100)}
          {field("reference", t("reference_if_any"), 64)}
        </>
      )}
    </fieldset>
  );
}

/** Why the bank refuses: one of the reasons that banks give, or another code of the bank. */
function Refused({
  id,
  code,
  findings,
  change,
}: {
  id: string;
  code: string;
  findings: readonly Finding[];
  change: (code: string) => void;
}): ReactNode {
  const t = desk.use();
  const known = REFUSAL_CODES.find((one) => one === code);
  return (
    <>
      <div>
        <label htmlFor={id}>{t("why_refused")}</label>
        <select id={id} className="in" value={known ?? ""} onChange={(event) => change(event.target.value)}>
          <option value="">{t("refusal.other")}</option>
          {REFUSAL_CODES.map((one) => (
            <option key={one} value={one}>
              {t(`refusal.${one}`)}
            </option>
          ))}
        </select>
      </div>
      <Field
        label={t("refusal_code")}
        isMono
        inputMode="numeric"
        maxLength={2}
        value={code}
        findings={findings}
        onChange={(event) => change(event.target.value)}
      />
    </>
  );
}

/** The bank to which money went on, by its name or code; the names of the directory are offered. */
function BankOfPayee({
  value,
  findings,
  onChange,
}: {
  value: string;
  findings: readonly Finding[];
  onChange: (value: string) => void;
}): ReactNode {
  const t = desk.use();
  const id = useId();
  const { data } = useQuery(choices);
  return (
    <div>
      <Field label={t("payee_bank")} list={id} maxLength={100} value={value} findings={findings} onChange={(event) => onChange(event.target.value)} />
      <datalist id={id}>
        {data?.institutions.map((one) => (
          <option key={one.code} value={one.name} />
        ))}
      </datalist>
    </div>
  );
}
