/** The acts of the reader on a file, and in text what is for another officer. */

import type { ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { useStream } from "../../api/stream.ts";
import { useSession } from "../../app/session.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { useNow } from "../../text/clock.ts";
import { rupees } from "../../text/rupees.ts";
import { appealCommands } from "./commands.ts";
import type { Grievance, HoldFile, Proposal } from "./reads.ts";
import { appeals } from "./text.ts";

export type ActName =
  | "report"
  | "decide"
  | "hear"
  | "confirm"
  | "reject"
  | "escalate"
  | "appeal_on"
  | "withdraw"
  | "keep_small"
  | "release_small";

type Barred = Schemas["HoldAct"];

/** Acts that move money: they wait while the page may be old. */
const MOVES: ReadonlySet<ActName> = new Set(["decide", "confirm", "keep_small", "release_small"]);
const FIRST: ReadonlySet<ActName> = new Set(["decide", "confirm", "report"]);

export interface May {
  readonly acts: readonly ActName[];
  /** codes of the refusals that the reader would get, each once */
  readonly barred: readonly string[];
  /** the victims are heard until then, so nothing is confirmed yet */
  readonly heardUntil: number | null;
}

/** Return what the reader may do now: by role, by what another officer has to do, and by the state of the file. */
export function useMay(view: Grievance | null, file: HoldFile | undefined, proposal: Proposal | null | undefined): May {
  const { actions } = useSession();
  const isBarred = (act: Barred): boolean => file?.barred.some((one) => one.act === act) ?? false;
  const acts: ActName[] = [];
  if (view?.may.includes("report")) acts.push("report");
  // Before it is known whether a release waits, nothing of it is offered.
  if (proposal === null) {
    if (view?.may.includes("decide") && !isBarred("decide")) acts.push("decide");
    if (view === null && actions.includes("decide_small_hold") && !isBarred("decide_small")) {
      acts.push("keep_small", "release_small");
    }
  } else if (proposal !== undefined) {
    if (actions.includes("confirm_release") && !isBarred("confirm")) acts.push("confirm");
    if (actions.includes("hear_victim") && !isBarred("hear")) acts.push("hear");
    if (actions.includes("confirm_release")) acts.push("reject");
  }
  if (view?.may.includes("appeal_on")) acts.push("appeal_on");
  if (view?.may.includes("escalate")) acts.push("escalate");
  if (view?.may.includes("withdraw")) acts.push("withdraw");
  const waits = proposal ? ["confirm", "hear"] : ["decide", "decide_small"];
  const codes = file?.barred.filter((one) => waits.includes(one.act)).map((one) => one.code) ?? [];
  return {
    acts,
    barred: [...new Set(codes)],
    heardUntil: proposal ? Date.parse(proposal.hear_until) : null,
  };
}

export function ActBar({
  may,
  release,
  open,
}: {
  may: May;
  /** the sum of the release that waits */
  release: number | undefined;
  open: (name: ActName) => void;
}): ReactNode {
  const t = appeals.use();
  const isOld = useStream().state === "broken";
  const now = useNow();
  const isHeard = may.heardUntil !== null && now < may.heardUntil;
  return (
    <div className="panel appeals-acts" role="toolbar" aria-label={t("acts")}>
      <div className="row wrap">
        {may.acts.map((name) => (
          <CommandButton
            key={name}
            command={appealCommands[name]}
            className={FIRST.has(name) ? "btn first" : "btn"}
            isDisabled={(MOVES.has(name) && isOld) || (name === "confirm" && isHeard)}
            run={() => open(name)}
          >
            {name === "confirm" && release !== undefined ? t("confirm.sum", { sum: rupees(release) }) : undefined}
          </CommandButton>
        ))}
      </div>
      {may.acts.length === 0 && <p className="sm mut">{t("acts.none")}</p>}
      {may.barred.map((code) => {
        const key = `barred.${code}`;
        return (
          <p key={code} className="sm warn b">
            {t.has(key) ? t(key) : t("barred.other")}
          </p>
        );
      })}
      {may.acts.includes("confirm") && isHeard && <p className="sm">{t("acts.heard")}</p>}
      {isOld && <p className="sm warn b">{t("acts.old")}</p>}
      <p className="xs mut">{t("four_eyes")}</p>
    </div>
  );
}
