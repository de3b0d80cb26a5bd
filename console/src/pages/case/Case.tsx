/** Everything about one case: where each rupee is, the money trail, what needs a decision, and what happened. */

import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";

import { useLooksAt } from "../../api/presence.ts";
import { problemOf } from "../../api/problem.ts";
import { giveReadReason, hasReadReason, NEEDS_REASON, useReadReasons } from "../../api/readReason.ts";
import { useSession } from "../../app/session.ts";
import { type Command, keyText, useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { ReadReason } from "../../parts/ReadReason.tsx";
import { fetchCode } from "../../parts/fetchCode.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { say } from "../../parts/toasts.ts";
import { caseCommands } from "./commands.ts";
import { caseOf, type CaseView, LEGS, layoutOf, useLiveCase } from "./data.ts";
import { Discrepancies } from "./Discrepancies.tsx";
import { Documents } from "./documents/Documents.tsx";
import { Guarded } from "./Guarded.tsx";
import { CaseHead } from "./Head.tsx";
import { HopDialog } from "./HopDialog.tsx";
import { AddHop, CorrectHop } from "./HopForms.tsx";
import { barOf, type Hop, HopTable } from "./HopTable.tsx";
import { Ledger } from "./Ledger.tsx";
import { Holds } from "./money/Holds.tsx";
import { Requests } from "./money/Requests.tsx";
import { Restorations } from "./restoration/Restorations.tsx";
import { caseText } from "./text.ts";
import { Timeline } from "./Timeline.tsx";
import { Trail } from "./Trail.tsx";
import "./case.css";

// These parts are below the fold of every screen, so the page does not wait for them.
const Complaints = lazy(() => fetchCode(() => import("./complaints/Complaints.tsx")));
const Orders = lazy(() => fetchCode(() => import("./money/Orders.tsx")));
const Police = lazy(() => fetchCode(() => import("./police/Police.tsx")));

interface Part {
  readonly name:
    | "trail"
    | "hops"
    | "holds"
    | "discrepancies"
    | "timeline"
    | "documents"
    | "restoration"
    | "police"
    | "complaints"
    | "orders"
    | "requests";
  /** the action of the API without which the part is not shown */
  readonly action: string;
}

const PARTS: readonly Part[] = [
  { name: "trail", action: "read_trail" },
  { name: "hops", action: "read_trail" },
  { name: "holds", action: "read_hold" },
  { name: "discrepancies", action: "read_trail" },
  { name: "timeline", action: "read_trail" },
  { name: "documents", action: "read_documents" },
  { name: "restoration", action: "read_restoration" },
  { name: "police", action: "read_police" },
  { name: "complaints", action: "read_case" },
  { name: "orders", action: "read_orders" },
  { name: "requests", action: "read_trail" },
];

export default function Case(): ReactNode {
  const { ackNo } = useParams({ strict: false }) as { ackNo: string };
  // Another case begins with nothing selected.
  return <CaseOf key={ackNo} ackNo={ackNo} />;
}

function CaseOf({ ackNo }: { ackNo: string }): ReactNode {
  const { data, error, refetch } = useQuery(caseOf(ackNo));
  useReadReasons(["case"]);
  const needsReason = error !== null && problemOf(error).code === NEEDS_REASON;
  if (data && !needsReason) return <Page view={data} asked={ackNo} />;
  if (error === null) return <LoadingState />;
  if (!needsReason) return <ErrorState error={error} />;
  return (
    <main className="cases">
      <h1 className="sr">{ackNo}</h1>
      <ReadReason
        read={(reason) => {
          giveReadReason(ackNo, reason);
          void refetch();
        }}
      />
    </main>
  );
}

type Dialog = "hop" | "add" | "correct" | null;

function Page({ view, asked }: { view: CaseView; asked: string }): ReactNode {
  const t = caseText.use();
  const { actions } = useSession();
  const ackNo = view.case_ack_no;
  const may = (action: string): boolean => actions.includes(action);
  const parts = PARTS.filter((part) => may(part.action)).map((part) => part.name);
  const [selected, setSelected] = useState<string | null>(null);
  const [layer, setLayer] = useState<number | null>(null);
  const [hop, setHop] = useState<Hop | null>(null);
  const [dialog, setDialog] = useState<Dialog>(null);
  // The page comes after a reason that the case itself needs. One that is given later is for guarded parts only.
  const [isFollowed] = useState(() => !hasReadReason(ackNo));
  useLiveCase(view, asked, isFollowed);
  useLooksAt(isFollowed ? [`case:${ackNo}`] : []);
  const layout = useQuery({ ...layoutOf(ackNo, "account", LEGS.few), enabled: may("read_trail") }).data;
  const openHop = (one: Hop): void => {
    setHop(one);
    setSelected(barOf(one.edge));
    setDialog("hop");
  };
  const edit = (what: "add" | "correct") => (): void => {
    if (hop === null) say({ kind: "plain", text: t("hop.choose") });
    else setDialog(what);
  };
  return (
    <>
      <div className="case-head">
        <CaseHead view={view}>
          {may("change_hop") && <CommandButton command={caseCommands.add_hop} run={edit("add")} />}
          {may("change_hop") && <CommandButton command={caseCommands.correct} run={edit("correct")} />}
          {may("read_evidence") && <Evidence ackNo={ackNo} />}
        </CaseHead>
        {may("read_documents") && view.complaints.some((one) => one.marked) && <Guarded ackNo={ackNo} />}
        <Ledger view={view} />
        <nav className="parts" aria-label={t("parts")}>
          {parts.map((name) => (
            <PartLink key={name} name={name} command={caseCommands[name]} />
          ))}
        </nav>
      </div>
      <main className="case">
        <div className="col">
          {parts.includes("trail") && (
            <Trail
              ackNo={ackNo}
              selected={selected}
              select={(bar) => {
                setSelected(bar?.node_id ?? null);
                if (bar !== null && bar.layer > 0) setLayer(bar.layer);
              }}
            />
          )}
          {parts.includes("hops") && (
            <HopTable
              ackNo={ackNo}
              layers={Math.max((layout?.picture.layers.length ?? 1) - 1, 0)}
              layer={layer}
              setLayer={setLayer}
              selected={selected}
              select={setSelected}
              open={openHop}
            />
          )}
          <Suspense fallback={<LoadingState />}>
            {parts.includes("police") && <Police ackNo={ackNo} />}
            {parts.includes("complaints") && <Complaints view={view} />}
          </Suspense>
        </div>
        <div className="col">
          {parts.includes("discrepancies") && <Discrepancies ackNo={ackNo} />}
          {parts.includes("holds") && <Holds view={view} />}
          {parts.includes("restoration") && <Restorations ackNo={ackNo} />}
          {parts.includes("timeline") && <Timeline ackNo={ackNo} />}
          {parts.includes("documents") && <Documents view={view} />}
          {parts.includes("requests") && <Requests ackNo={ackNo} />}
          {parts.includes("orders") && (
            <Suspense fallback={<LoadingState />}>
              <Orders ackNo={ackNo} />
            </Suspense>
          )}
        </div>
      </main>
      {hop !== null && dialog === "hop" && (
        <HopDialog
          hop={hop}
          ackNo={ackNo}
          close={() => setDialog(null)}
          add={() => setDialog("add")}
          correct={() => setDialog("correct")}
        />
      )}
      {hop !== null && dialog === "add" && <AddHop below={hop} ackNo={ackNo} close={() => setDialog(null)} />}
      {hop !== null && dialog === "correct" && <CorrectHop hop={hop} ackNo={ackNo} close={() => setDialog(null)} />}
    </>
  );
}

/** A link to a part of the page; its key takes the focus there. */
function PartLink({ name, command }: { name: Part["name"]; command: Command }): ReactNode {
  const go = (): void => {
    const heading = document.getElementById(`h-${name}`);
    heading?.scrollIntoView({ block: "start" });
    heading?.focus({ preventScroll: true });
  };
  useCommand(command, go);
  return (
    <button type="button" className="part" onClick={go} aria-keyshortcuts={keyText(command.keys)}>
      {command.label()} <kbd aria-hidden="true">{keyText(command.keys)}</kbd>
    </button>
  );
}

/** The evidence pack is fetched by the browser itself, because it may be large. */
function Evidence({ ackNo }: { ackNo: string }): ReactNode {
  const path = `/api/v1/cases/${ackNo}/evidence`;
  return <CommandButton command={caseCommands.evidence} run={() => location.assign(path)} />;
}
