/** One transfer: what is known of it, and what the desk can do with it. */

import { type ReactNode, useState } from "react";

import { useSession } from "../../app/session.ts";
import { Modal } from "../../parts/Modal.tsx";
import { useBankName } from "../../parts/names.ts";
import { SaidText } from "../../parts/SaidText.tsx";
import { Moment } from "../../parts/time.tsx";
import { rupees } from "../../text/rupees.ts";
import type { Act } from "./acts/act.ts";
import { OneAct } from "./acts/ActButtons.tsx";
import { type Hop, nodeName } from "./HopTable.tsx";
import { flagSaid } from "./flags.ts";
import { requestActs } from "./money/requestActs.ts";
import { caseText, worded } from "./text.ts";

export function HopDialog({
  hop,
  ackNo,
  close,
  add,
  correct,
}: {
  hop: Hop;
  ackNo: string;
  close: () => void;
  add: () => void;
  correct: () => void;
}): ReactNode {
  const t = caseText.use();
  const { actions } = useSession();
  const nameOf = useBankName();
  const { edge } = hop;
  const requestId = edge.live_request_id;
  const [asked, setAsked] = useState<Act | null>(null);
  if (asked !== null) return <OneAct act={asked} ackNo={ackNo} close={close} />;
  const acts = requestId === null ? [] : requestActs(ackNo, requestId, t);
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t("hops.from"), nodeName(hop.from, nameOf)],
    [t("hops.to"), nodeName(hop.to, nameOf)],
    [t("hops.rupees"), rupees(edge.amount_paise)],
    [t("hop.disputed"), rupees(edge.disputed_paise)],
    [t("hops.reference"), edge.reference || "–"],
    [t("hops.time"), <Moment key="at" at={Date.parse(edge.transferred_at)} />],
    [t("hops.state"), worded(t, "hop_state", edge.state)],
    [t("hop.source"), worded(t, "hop_source", edge.source)],
  ];
  return (
    <Modal title={t("hop", { hop: edge.hop_no })} close={close}>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {edge.flags.map((flag) => (
        <p key={`${flag.code} ${flag.message}`} className="note warn">
          <SaidText said={flagSaid(t, flag, nameOf)} />
        </p>
      ))}
      {actions.includes("change_request") && requestId !== null && (
        <span className="row wrap">
          {acts.map((act) => (
            <button key={act.name} type="button" className="btn" onClick={() => setAsked(act)}>
              {act.title}
            </button>
          ))}
        </span>
      )}
      {actions.includes("change_hop") && (
        <span className="row wrap">
          <button type="button" className="btn" onClick={add}>
            {t("hop.add_below")}
          </button>
          <button type="button" className="btn" onClick={correct}>
            {t("hop.correct")}
          </button>
        </span>
      )}
      <button type="button" className="btn" onClick={close}>
        {t("close")}
      </button>
    </Modal>
  );
}
