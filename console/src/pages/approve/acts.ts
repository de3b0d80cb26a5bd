/** The acts of officers on a restoration. Each names the step and the visit that the officer saw. */

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { base64Of } from "../../parts/pdf.ts";
import type { View } from "./figures.ts";

type Step = Schemas["Step"];

/** One act, with what the officer typed or chose for it. */
export type Asked =
  | { readonly act: "verify" | "prepare" }
  | { readonly act: "approve"; readonly duePaise: number; readonly accountEnd: string | null }
  | { readonly act: "send_back"; readonly to: Step; readonly reason: string }
  | { readonly act: "refuse"; readonly reason: string }
  | { readonly act: "take_order"; readonly courtOrderId: number }
  | { readonly act: "waive_notice"; readonly holdId: string; readonly reason: string; readonly document: File }
  | {
      readonly act: "decide_objection";
      readonly objection: View["objections"][number];
      readonly decision: Schemas["ObjectionDecision"];
      readonly reason: string;
    }
  | { readonly act: "confirm_credit_account"; readonly accountId: number; readonly account: string; readonly ifsc: string };

/** What an act needs to know of the restoration that the officer saw. */
export type Seen = Pick<View, "restoration_id" | "ack_no" | "step" | "visit_no">;

export async function send(seen: Seen, asked: Asked): Promise<void> {
  const params = { path: { restoration_id: seen.restoration_id } };
  const step = { step: seen.step, visit_no: seen.visit_no };
  switch (asked.act) {
    case "verify":
      await ok(api.POST("/api/v1/restorations/{restoration_id}/verify", { params, body: step }));
      return;
    case "prepare":
      await ok(api.POST("/api/v1/restorations/{restoration_id}/prepare", { params, body: step }));
      return;
    case "approve": {
      const body = { ...step, due_paise: asked.duePaise, account_end: asked.accountEnd };
      await ok(api.POST("/api/v1/restorations/{restoration_id}/approve", { params, body }));
      return;
    }
    case "send_back": {
      const body = { ...step, to: asked.to, reason: asked.reason };
      await ok(api.POST("/api/v1/restorations/{restoration_id}/send-back", { params, body }));
      return;
    }
    case "refuse": {
      const body = { ...step, reason: asked.reason };
      await ok(api.POST("/api/v1/restorations/{restoration_id}/refuse", { params, body }));
      return;
    }
    case "take_order": {
      const body = { ...step, court_order_id: asked.courtOrderId };
      await ok(api.POST("/api/v1/restorations/{restoration_id}/take-order", { params, body }));
      return;
    }
    case "waive_notice": {
      const document = await base64Of(asked.document);
      const body = { ...step, hold_id: asked.holdId, reason: asked.reason, document };
      await ok(api.POST("/api/v1/restorations/{restoration_id}/waive-notice", { params, body }));
      return;
    }
    case "decide_objection": {
      const { objection, decision, reason } = asked;
      const releases = decision === "upheld" ? (objection.releases ?? []).map(({ hold_id, paise }) => ({ hold_id, paise })) : [];
      const body = { ...step, objection_id: objection.objection_id, decision, reason, releases };
      await ok(api.POST("/api/v1/restorations/{restoration_id}/decide-objection", { params, body }));
      return;
    }
    case "confirm_credit_account": {
      const { accountId, account, ifsc } = asked;
      await ok(
        api.POST("/api/v1/complaints/{ack_no}/credit-accounts/{account_id}/confirm", {
          params: { path: { ack_no: seen.ack_no, account_id: accountId } },
          body: { account, ifsc },
        }),
      );
    }
  }
}
