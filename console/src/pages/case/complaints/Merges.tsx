/** Merges of the case with others: proposed, in force and undone. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";

import { api, type Schemas } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { useSession } from "../../../app/session.ts";
import { CommandButton } from "../../../parts/Button.tsx";
import { fetchCode } from "../../../parts/fetchCode.ts";
import { Moment } from "../../../parts/time.tsx";
import { personOf } from "../../../text/actors.ts";
import { type Act, type Acts, reasonAsk, secondSays } from "../acts/act.ts";
import { ActButtons } from "../acts/ActButtons.tsx";
import { actsText, type ActsRead } from "../acts/text.ts";
import { caseCommands } from "../commands.ts";
import { mergesOf } from "../data.ts";
import { worded } from "../text.ts";

type Merge = Schemas["CaseMerge"];

const MergeDialog = lazy(() => fetchCode(() => import("./MergeDialog.tsx")));

export function Merges({ ackNo }: { ackNo: string }): ReactNode {
  const { actions } = useSession();
  const [isAsked, setAsked] = useState(false);
  const merges = useQuery(mergesOf(ackNo)).data?.merges ?? [];
  return (
    <>
      {merges.map((one) => (
        <MergeLine key={one.merge_id} one={one} ackNo={ackNo} />
      ))}
      {actions.includes("merge_cases") && (
        <div className="item">
          <CommandButton command={caseCommands.merge} run={() => setAsked(true)} />
        </div>
      )}
      {isAsked && (
        <Suspense fallback={null}>
          <MergeDialog ackNo={ackNo} close={() => setAsked(false)} />
        </Suspense>
      )}
    </>
  );
}

function MergeLine({ one, ackNo }: { one: Merge; ackNo: string }): ReactNode {
  const a = actsText.use();
  const { actions, officer_id } = useSession();
  const other = one.primary_case_no === ackNo ? one.merged_case_no : one.primary_case_no;
  return (
    <div className="item">
      <b>{a("merge.with")}</b>{" "}
      <Link to="/case/$ackNo" params={{ ackNo: other }} className="mono">
        {other}
      </Link>{" "}
      <span className={one.state === "proposed" || one.state === "undo_proposed" ? "chip warn" : "chip"}>
        {worded(a, "merge.state", one.state)}
      </span>
      <span className="block xs mut">
        {a("by_at", { officer: personOf(one.proposed_by) })} <Moment at={Date.parse(one.proposed_at)} /> ·{" "}
        {one.reason}
        {one.undo_reason && ` · ${one.undo_reason}`}
      </span>
      <ActButtons acts={mergeActs(one, ackNo, a, (action) => actions.includes(action), officer_id)} ackNo={ackNo} />
    </div>
  );
}

function mergeActs(one: Merge, ackNo: string, a: ActsRead, may: (action: string) => boolean, me: string): Acts {
  const params = { path: { ack_no: ackNo, merge_id: one.merge_id } };
  const act = (verb: "agree" | "reject" | "undo" | "undo/agree" | "undo/reject", by: string | null): Act => {
    const text = verb.replace("/", "_") as "agree" | "reject" | "undo" | "undo_agree" | "undo_reject";
    return {
      name: verb,
      title: a(`merge.${text}`),
      says: `${a(`merge.${text}.says`)} ${by === null ? "" : secondSays(a, by, me)}`.trim(),
      asks: [reasonAsk()],
      run: (given) =>
        ok(
          api.POST(`/api/v1/cases/{ack_no}/merges/{merge_id}/${verb}`, {
            params,
            body: { reason: given.text("reason") },
          }),
        ),
    };
  };
  const decides = may("decide_merge");
  return [
    one.state === "proposed" && decides && act("agree", one.proposed_by),
    one.state === "proposed" && decides && act("reject", null),
    one.state === "in_force" && may("merge_cases") && act("undo", null),
    one.state === "undo_proposed" && decides && act("undo/agree", one.undo_proposed_by),
    one.state === "undo_proposed" && decides && act("undo/reject", null),
  ];
}
