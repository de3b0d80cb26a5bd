/** One transfer: what is known of it, and what the desk can do with it. */

import { type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { Modal } from "../../parts/Modal.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { rupees } from "../../text/rupees.ts";
import { casePart } from "./data.ts";
import { type Hop, nodeName } from "./HopTable.tsx";
import { ReasonDialog } from "./ReasonDialog.tsx";
import { caseText, worded } from "./text.ts";

const ACTS = { escalate: "escalate", send_again: "send-again", stop: "stop" } as const;
type Act = keyof typeof ACTS;

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
  const [asked, setAsked] = useState<Act | null>(null);
  const { edge } = hop;
  const requestId = edge.live_request_id;
  if (asked !== null && requestId !== null) {
    return <RequestAct act={asked} requestId={requestId} ackNo={ackNo} close={close} />;
  }
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t("hops.from"), nodeName(hop.from)],
    [t("hops.to"), nodeName(hop.to)],
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
        <p key={flag.code} className="note warn">
          {flag.message}
        </p>
      ))}
      {actions.includes("change_request") && requestId !== null && (
        <span className="row wrap">
          {(Object.keys(ACTS) as Act[]).map((act) => (
            <button key={act} type="button" className="btn" onClick={() => setAsked(act)}>
              {t(`request.${act}`)}
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

function RequestAct({
  act,
  requestId,
  ackNo,
  close,
}: {
  act: Act;
  requestId: string;
  ackNo: string;
  close: () => void;
}): ReactNode {
  const t = caseText.use();
  const verb = useVerb({
    run: (reason: string) =>
      ok(
        api.POST(`/api/v1/cases/{ack_no}/requests/{request_id}/${ACTS[act]}`, {
          params: { path: { ack_no: ackNo, request_id: requestId } },
          body: { reason },
        }),
      ),
    readAgain: [casePart(ackNo)],
    done: () => {
      say({ kind: "good", text: t("done") });
      close();
    },
  });
  return (
    <ReasonDialog
      title={t(`request.${act}`)}
      says={t(`request_says.${act}`)}
      close={close}
      isRunning={verb.isRunning}
      act={verb.act}
    />
  );
}
