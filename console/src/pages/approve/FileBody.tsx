/** The file on one page: the sum, the route and why, the accounts, what the holders said, where it is credited. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";

import type { Schemas } from "../../api/client.ts";
import { type Command, keyText, useCommand } from "../../keys/commands.ts";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { Rupees } from "../../parts/money.tsx";
import { payerOf, useBankName } from "../../parts/names.ts";
import { Moment } from "../../parts/time.tsx";
import { personOf } from "../../text/actors.ts";
import { dayText, localText } from "../../text/moments.ts";
import { caseText, worded } from "../case/text.ts";
import { Accounts } from "./Accounts.tsx";
import { approveCommands, documentCommands, DOCUMENTS_MOST } from "./commands.ts";
import { Credited } from "./Credited.tsx";
import { type File, headOf, isInVain, isOfFile, sumsOf, type View } from "./figures.ts";
import { Holders } from "./Holders.tsx";
import { caseOf, courtOrdersOf, documentsOf } from "./reads.ts";
import { approve } from "./text.ts";

export function FileBody({
  view,
  file,
  openDocument,
  shown,
}: {
  view: View;
  file: File;
  openDocument: (documentId: string) => void;
  shown: string | null;
}): ReactNode {
  const t = approve.use();
  const words = caseText.use();
  const sums = sumsOf(file.accounts);
  return (
    <>
      <Heading view={view} paise={sums.victim} />
      <section className="panel" aria-labelledby="h-route">
        <header>
          <h2 id="h-route">
            {t("route")} {view.route === null ? words("route.open") : worded(words, "route", view.route)}
          </h2>
          <span className="push sm mut">
            {worded(words, "step", view.step)}
            {view.visit_no > 1 && ` · ${t("visit", { number: view.visit_no })}`}
          </span>
        </header>
        <div className="sm pad">
          {view.route_reasons.length > 0 && (
            <p>
              <span className="mut">{t("because")}</span>{" "}
              {view.route_reasons.map((one) => worded(words, "route_reason", one)).join(" ")}
            </p>
          )}
          {view.court_order !== null && <CourtOrder view={view} orderId={view.court_order.court_order_id} />}
        </div>
      </section>
      <Orders view={view} file={file} />
      <Accounts view={view} file={file} sums={sums} />
      <div className="two">
        <Holders view={view} file={file} />
        {!isInVain(view) && <Credited view={view} file={file} />}
      </div>
      <Contested view={view} />
      <Documents view={view} open={openDocument} shown={shown} />
    </>
  );
}

function Heading({ view, paise }: { view: View; paise: number }): ReactNode {
  const t = approve.use();
  const navigate = useNavigate();
  const found = useQuery(caseOf(view)).data;
  const whole = (): void => void navigate({ to: "/case/$ackNo", params: { ackNo: view.case_ack_no } });
  useCommand(approveCommands.whole, whole);
  const lost = Math.abs(found?.buckets_paise["lost"] ?? 0);
  return (
    <div className="heading">
      <h2 className="large">
        {t(headOf(view, paise))} <Rupees paise={paise} />
      </h2>
      <p className="sm mut">
        {t("case")} <b className="mono ink">{view.ack_no}</b>
        {view.round_no > 1 && <> · {t("round", { number: view.round_no })}</>}
        {found && (
          <>
            {" "}
            · {t("lost")} <Rupees paise={lost} />
          </>
        )}{" "}
        · {t("first_hold")} <Moment at={Date.parse(view.first_held_at)} />
        {view.restored_paise > 0 && (
          <>
            {" "}
            · {t("credited_so_far")} <Rupees paise={view.restored_paise} />
          </>
        )}{" "}
        ·{" "}
        <Link to="/case/$ackNo" params={{ ackNo: view.case_ack_no }} aria-keyshortcuts={keyText(approveCommands.whole.keys)}>
          {t("whole_case")}
        </Link>{" "}
        <KeyMark command={approveCommands.whole} />
      </p>
    </div>
  );
}

/** The court's order by which the money is restored. Its scan is a file of unknown origin, so it is downloaded. */
function CourtOrder({ view, orderId }: { view: View; orderId: number }): ReactNode {
  const t = approve.use();
  const order = useQuery(courtOrdersOf(view)).data?.find((one) => one.court_order_id === orderId);
  if (order === undefined) return null;
  return (
    <p>
      {t("by_order", { court: order.court, number: order.order_no, day: localText(order.made_on) })}{" "}
      {order.amount_paise !== null && (
        <>
          {t("at_most")} <Rupees paise={order.amount_paise} />.{" "}
        </>
      )}
      {order.confirmed_by !== null && <span className="mut">{t("order_confirmed", { officer: personOf(order.confirmed_by) })} </span>}
      {order.document_digest !== null && (
        <a href={`/api/v1/cases/${view.case_ack_no}/court-orders/${orderId}/document`}>{t("order_copy")}</a>
      )}
    </p>
  );
}

/** How far each bank is with its order to credit the victim. */
function Orders({ view, file }: { view: View; file: File }): ReactNode {
  const t = approve.use();
  if (view.orders.length === 0) return null;
  const names = new Map(file.accounts.map((one) => [one.institution, one.name]));
  return (
    <section className="panel" aria-labelledby="h-orders">
      <header>
        <h2 id="h-orders">{t("orders")}</h2>
        {view.approved_by !== null && <span className="push sm mut">{t("approved_by", { officer: personOf(view.approved_by) })}</span>}
      </header>
      <ul className="sm pad">
        {view.orders.map((one) => (
          <li key={one.order_id}>
            <b>{names.get(one.institution) ?? one.institution}</b> <Rupees paise={one.ordered_paise} /> ·{" "}
            <span className={one.state === "confirmed" ? "good" : "mut"}>{t(`orders.${one.state}`)}</span>
            {one.confirmed_paise > 0 && (
              <>
                {" "}
                <Rupees paise={one.confirmed_paise} />
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Transfers that two complainants claim, or claimed. An undecided one stops the approval, and the page of the case decides it. */
function Contested({ view }: { view: View }): ReactNode {
  const t = approve.use();
  const bankOf = useBankName();
  const open = view.contested.filter((one) => one.undecided);
  const decided = view.contested.filter((one) => !one.undecided);
  if (view.contested.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="h-contested">
      <header>
        <h2 id="h-contested">{t(open.length > 0 ? "contested" : "contested.was")}</h2>
      </header>
      <ul className="sm pad">
        {open.map((one) => (
          <li key={one.hop_no} className="bad">
            {t("contested.one", {
              hop: one.hop_no,
              numbers: one.claims
                .map((claim) => `${claim.ack_no} (${bankOf(claim.payer_institution)}${claim.account_end && ` ••${claim.account_end}`})`)
                .join(", "),
            })}
          </li>
        ))}
        {decided.map((one) => (
          <Decided key={one.hop_no} one={one} ackNo={view.ack_no} />
        ))}
      </ul>
      {open.length > 0 && (
        <p className="sm pad">
          <Link to="/case/$ackNo" params={{ ackNo: view.case_ack_no }}>
            {t("contested.decide")}
          </Link>
        </p>
      )}
    </section>
  );
}

/** What two officers have decided on one transfer, and where its money goes if it is no part of this complaint. */
function Decided({ one, ackNo }: { one: Schemas["ContestedTransfer"]; ackNo: string }): ReactNode {
  const t = approve.use();
  const bankOf = useBankName();
  const decision = one.decisions.findLast((each) => each.agreed_at !== null);
  if (decision?.agreed_at == null) return null;
  const owner = decision.given_to ?? decision.ack_no;
  return (
    <li>
      {t("contested.decided", {
        hop: one.hop_no,
        payer: payerOf(one, decision.ack_no, bankOf),
        complaint: decision.ack_no,
        officers: `${personOf(decision.proposed_by)}, ${personOf(decision.agreed_by)}`,
        day: dayText(Date.parse(decision.agreed_at)),
        reason: decision.reason,
      })}
      {owner !== ackNo && <b className="block">{t("contested.elsewhere", { complaint: owner })}</b>}
    </li>
  );
}

type Document = Schemas["DocumentView"];

/** What an approval rests on comes first. */
const FIRST: readonly Document["kind"][] = [
  "signed_application",
  "restoration_application",
  "holder_notice",
  "lien_notice",
  "magistrate_report",
  "restoration_order",
];

function Documents({ view, open, shown }: { view: View; open: (id: string) => void; shown: string | null }): ReactNode {
  const t = approve.use();
  const read = useQuery(documentsOf(view)).data?.items;
  const documents = useMemo(() => {
    const rank = (one: Document): number => (FIRST.includes(one.kind) ? FIRST.indexOf(one.kind) : FIRST.length);
    // A case may have other victims. What was issued for one of them is no part of this file.
    const own = (read ?? []).filter((one) => isOfFile(one.links, view));
    return own.sort((one, other) => rank(one) - rank(other));
  }, [read, view]);
  return (
    <section className="panel" aria-labelledby="h-documents">
      <header>
        <h2 id="h-documents">{t("documents")}</h2>
        <span className="xs mut">{t("documents.keys")}</span>
      </header>
      {read !== undefined && documents.length === 0 && <p className="state sm">{t("documents.none")}</p>}
      <ul className="docs sm">
        {documents.map((one, index) => (
          <DocumentLine key={one.document_id} one={one} command={documentCommands[index]} open={open} isShown={shown === one.document_id} />
        ))}
      </ul>
      {documents.length > DOCUMENTS_MOST && <p className="xs mut pad">{t("documents.rest")}</p>}
    </section>
  );
}

const NO_COMMAND: Command = { id: "approve.document", keys: "F24", inFields: false, inDialogs: false, label: () => "" };

function DocumentLine({
  one,
  command,
  open,
  isShown,
}: {
  one: Document;
  command: Command | undefined;
  open: (id: string) => void;
  isShown: boolean;
}): ReactNode {
  const words = caseText.use();
  const show = (): void => open(one.document_id);
  useCommand(command ?? NO_COMMAND, show, command !== undefined);
  return (
    <li className="row">
      {command && <KeyMark command={command} />}
      <button type="button" className="btn link" aria-pressed={isShown} onClick={show}>
        {worded(words, "document", one.kind)}
      </button>
      <span className="xs mut push cut">
        {worded(words, "document_language", one.language)} · {one.number} · <Moment at={Date.parse(one.issued_at)} />
      </span>
    </li>
  );
}
