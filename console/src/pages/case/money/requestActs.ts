/** Acts of the desk on a hold request. */

import { api } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import { type Act, reasonAsk } from "../acts/act.ts";
import type { CaseRead } from "../text.ts";

const ACTS = { escalate: "escalate", send_again: "send-again", stop: "stop" } as const;

/** What the desk can do with a request that waits for an answer. */
export function requestActs(ackNo: string, requestId: string, t: CaseRead): readonly Act[] {
  return (Object.keys(ACTS) as (keyof typeof ACTS)[]).map((act) => ({
    name: act,
    title: t(`request.${act}`),
    says: t(`request_says.${act}`),
    asks: [reasonAsk()],
    run: (given) =>
      ok(
        api.POST(`/api/v1/cases/{ack_no}/requests/{request_id}/${ACTS[act]}`, {
          params: { path: { ack_no: ackNo, request_id: requestId } },
          body: { reason: given.text("reason") },
        }),
      ),
  }));
}
