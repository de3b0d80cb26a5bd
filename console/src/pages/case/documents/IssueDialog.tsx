/** The issue of a document: its kind and subject, its whole text as it would be issued now, then its number and hash. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../../api/client.ts";
import { ok, type Problem } from "../../../api/problem.ts";
import { useVerb } from "../../../api/verb.ts";
import { useSession } from "../../../app/session.ts";
import { AskDialog } from "../../../parts/AskDialog.tsx";
import { Choose } from "../../../parts/Field.tsx";
import { Modal } from "../../../parts/Modal.tsx";
import { useBankName } from "../../../parts/names.ts";
import { serverNow } from "../../../text/clock.ts";
import { rupees } from "../../../text/rupees.ts";
import { field } from "../acts/act.ts";
import { AskField } from "../acts/ActDialog.tsx";
import { type Ask, givenOf, isFit, linesOf, type Option, type Typed } from "../acts/form.ts";
import { actsText, type ActsRead } from "../acts/text.ts";
import { casePart, type CaseView, holdsOf, ordersOf, restorationsOf } from "../data.ts";
import { caseText, worded } from "../text.ts";
import { type About, type Kind, kindsFor, nextRevision, type Particular, RULES } from "./kinds.ts";

type Told = Schemas["DocumentText"];
type Language = Schemas["Language"];

const GROUNDS_MOST = 5_000;

/** What can be chosen as the subject of a document. */
function useSubjects(view: CaseView, about: About): readonly Option[] {
  const bankOf = useBankName();
  const ackNo = view.case_ack_no;
  const { actions } = useSession();
  const holds = useQuery({ ...holdsOf(ackNo), enabled: actions.includes("read_hold") }).data?.items ?? [];
  const restorations = useQuery(restorationsOf(ackNo)).data?.restorations ?? [];
  const orders = useQuery(ordersOf(ackNo)).data?.orders ?? [];
  switch (about) {
    case "case":
      return [];
    case "complaint":
      return view.complaints.map((one) => ({ value: one.ack_no, label: one.ack_no }));
    case "bank":
      return [...new Set(holds.map((one) => one.institution))].sort().map((code) => ({ value: code, label: bankOf(code) }));
    case "hold":
      return holds.map((one) => ({
        value: one.hold_id,
        label: `${bankOf(one.institution)} · ${one.reference} · ${rupees(one.held_paise)}`,
      }));
    case "restoration":
      return restorations.map((one) => ({ value: one.restoration_id, label: `${one.ack_no} · ${rupees(one.held_paise)}` }));
    case "order":
      return orders.map((one) => ({
        value: one.order_id,
        label: `${bankOf(one.institution)} · ${rupees(one.ordered_paise)}`,
      }));
  }
}

function particularAsk(name: Particular, a: ActsRead): Ask {
  const kind = { documents: "text", grounds: "text", period_from: "day", period_to: "day", by: "moment" } as const;
  return field(name, name in kind ? kind[name as keyof typeof kind] : "line", a(`particular.${name}`), {
    isOptional: true,
    most: name === "grounds" || name === "documents" ? GROUNDS_MOST : 300,
  });
}

export default function IssueDialog({
  view,
  issued,
  close,
}: {
  view: CaseView;
  issued: readonly Schemas["DocumentView"][];
  close: () => void;
}): ReactNode {
  const t = caseText.use();
  const a = actsText.use();
  const { actions } = useSession();
  const ackNo = view.case_ack_no;
  const [kind, setKind] = useState<Kind>("status_letter");
  const [language, setLanguage] = useState<Language>("en");
  const [chosen, setChosen] = useState("");
  const [typed, setTyped] = useState<Typed>({});
  const [told, setTold] = useState<Told | null>(null);
  const [done, setDone] = useState<Schemas["IssuedDocument"] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const rule = RULES[kind] ?? { about: "case", particulars: [] };
  const subjects = useSubjects(view, rule.about);
  const subject = chosen || (subjects[0]?.value ?? "");
  const asks = rule.particulars.map((name) => particularAsk(name, a));
  const now = serverNow();
  const asked = (): Schemas["DocumentAsk"] => {
    const given = givenOf(typed, serverNow());
    return {
      kind,
      language,
      subject: rule.about === "case" ? "" : subject,
      revision: nextRevision(issued, kind, rule.about === "case" ? ackNo : subject, language),
      particulars: {
        documents: linesOf(given.text("documents")),
        period_from: given.day("period_from"),
        period_to: given.day("period_to"),
        by: given.at("by"),
        place: given.text("place"),
        magistrate: given.text("magistrate"),
        grounds: given.text("grounds"),
      },
    };
  };
  const look = useVerb({
    run: (body: Schemas["DocumentAsk"]) =>
      ok(api.POST("/api/v1/cases/{ack_no}/documents/preview", { params: { path: { ack_no: ackNo } }, body })),
    done: (found) => {
      setTold(found);
      setProblem(null);
    },
    refused: setProblem,
  });
  const issue = useVerb({
    run: (body: Schemas["DocumentAsk"]) =>
      ok(api.POST("/api/v1/cases/{ack_no}/documents", { params: { path: { ack_no: ackNo } }, body })),
    readAgain: [casePart(ackNo)],
    done: (found) => {
      setDone(found);
      setProblem(null);
    },
    refused: setProblem,
  });
  // The text that was read is of these answers only.
  const change = (then: () => void): void => {
    then();
    setTold(null);
  };
  const isReady =
    (rule.about === "case" || subject !== "") &&
    asks.every((ask) => isFit(ask, typed[ask.name] ?? "", now)) &&
    !look.isRunning &&
    !issue.isRunning;
  if (done !== null) {
    return (
      <Modal title={t("cmd.issue")} close={close} isFirm className="wide">
        <Issued document={done} />
        {told && <Shown told={told} isIssued />}
        <button type="button" className="btn" onClick={close}>
          {t("close")}
        </button>
      </Modal>
    );
  }
  return (
    <AskDialog
      title={t("cmd.issue")}
      act={told?.can_be_issued ? a("document.issue") : a("document.look")}
      isReady={isReady}
      problem={problem}
      run={() => (told?.can_be_issued ? issue : look).act(asked())}
      close={close}
      isFirm
      className="wide"
    >
      <Choose
        label={a("document.kind_of")}
        value={kind}
        autoFocus
        onChange={(event) =>
          change(() => {
            setKind(event.target.value as Kind);
            setChosen("");
          })
        }
      >
        {kindsFor(actions.includes("issue_seizure")).map((one) => (
          <option key={one} value={one}>
            {worded(t, "document", one)}
          </option>
        ))}
      </Choose>
      {rule.about !== "case" && (
        <Choose
          label={a(`about.${rule.about}`)}
          value={subject}
          onChange={(event) => change(() => setChosen(event.target.value))}
        >
          {subjects.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </Choose>
      )}
      {rule.about !== "case" && subjects.length === 0 && <p className="note warn">{a("about.none")}</p>}
      <Choose
        label={a("field.language")}
        value={language}
        onChange={(event) => change(() => setLanguage(event.target.value as Language))}
      >
        <option value="en">{a("language.en")}</option>
        <option value="hi">{a("language.hi")}</option>
      </Choose>
      {asks.map((ask) => (
        <AskField
          key={ask.name}
          ask={ask}
          typed={typed[ask.name] ?? ""}
          isFirst={false}
          now={now}
          change={(value) => change(() => setTyped((before) => ({ ...before, [ask.name]: value })))}
        />
      ))}
      {told && <Shown told={told} isIssued={false} />}
    </AskDialog>
  );
}

function Issued({ document }: { document: Schemas["IssuedDocument"] }): ReactNode {
  const a = actsText.use();
  return (
    <p className="note acc" role="status">
      <b>{a(document.repeated ? "document.repeated" : "document.issued", { number: document.number })}</b>{" "}
      <a href={`/api/v1/documents/${document.document_id}`} target="_blank" rel="noreferrer">
        {a("document.open")}
      </a>
      <span className="block xs mono wrap-any">SHA-256 {document.digest}</span>
    </p>
  );
}

/** The whole text of the document, or what it lacks. */
function Shown({ told, isIssued }: { told: Told; isIssued: boolean }): ReactNode {
  const a = actsText.use();
  if (!told.can_be_issued) {
    return (
      <div className="note warn">
        <b>{a.count("document.lacks", told.lacking.length)}</b>
        <ul className="plain">
          {told.lacking.map((one) => (
            <li key={one.field} className="xs">
              <span className="mono">{one.field}</span>: {one.law}, {one.why}
            </li>
          ))}
        </ul>
      </div>
    );
  }
  return (
    <article className="preview" lang={told.language} aria-label={a("document.text")} tabIndex={0}>
      {!isIssued && <p className="xs mut">{a("document.not_issued", { revision: told.revision })}</p>}
      <h3>{told.title}</h3>
      <p className="xs mut">{told.law}</p>
      {told.to?.map((line) => <span key={line} className="block">{line}</span>)}
      <p className="b">{told.subject_line}</p>
      {told.parts?.map((part, index) => (
        <PartOf key={`${index} ${part.heading}`} part={part} />
      ))}
      {told.signed?.map((line) => <span key={line} className="block">{line}</span>)}
    </article>
  );
}

function PartOf({ part }: { part: NonNullable<Told["parts"]>[number] }): ReactNode {
  const head = part.head ?? [];
  const rows = part.rows ?? [];
  return (
    <>
      {part.heading && <h4>{part.heading}</h4>}
      {part.text && <p>{part.text}</p>}
      {rows.length > 0 && (
        <table className="grid">
          {head.length > 0 && (
            <thead>
              <tr>
                {head.map((name, index) => (
                  <th key={`${index} ${name}`} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
          )}
          <tbody>
            {rows.map((row, index) => (
              <tr key={`${index} ${row[0] ?? ""}`}>
                {row.map((cell, place) => (
                  <td key={`${place} ${cell}`}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
