/** The acts as the API takes them. An act on a grievance names the level that the officer sees. */

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import type { Grievance } from "./reads.ts";

export type Decision = Schemas["GrievanceDecision"];
export type Finding = Schemas["KycFinding"];
export type SmallDecision = Schemas["SmallHoldDecision"];

const ofGrievance = (one: Grievance) => ({ path: { grievance_id: one.grievance_id } });
const ofHold = (holdId: string) => ({ path: { account_hold_id: holdId } });

export const sendReport = (one: Grievance, kyc: Finding, finding: string) =>
  ok(api.POST("/api/v1/grievances/{grievance_id}/report", { params: ofGrievance(one), body: { kyc, finding } }));

export const sendDecision = (one: Grievance, decision: Decision, paise: number | null, reason: string) =>
  ok(
    api.POST("/api/v1/grievances/{grievance_id}/decide", {
      params: ofGrievance(one),
      body: { level: one.level, decision, released_paise: paise, reason },
    }),
  );

export const sendEscalation = (one: Grievance, reason: string) =>
  ok(
    api.POST("/api/v1/grievances/{grievance_id}/escalate", {
      params: ofGrievance(one),
      body: { level: one.level, reason },
    }),
  );

export const sendAppealOn = (one: Grievance, text: string) =>
  ok(
    api.POST("/api/v1/grievances/{grievance_id}/appeal-on", {
      params: ofGrievance(one),
      body: { level: one.level, text },
    }),
  );

export const sendWithdrawal = (one: Grievance, reason: string) =>
  ok(
    api.POST("/api/v1/grievances/{grievance_id}/withdraw", {
      params: ofGrievance(one),
      body: { level: one.level, reason },
    }),
  );

export const sendHearing = (holdId: string, ackNo: string, said: string) =>
  ok(
    api.POST("/api/v1/holds/{account_hold_id}/release/hear", {
      params: ofHold(holdId),
      body: { ack_no: ackNo, said },
    }),
  );

export const sendConfirmation = (holdId: string, reason: string) =>
  ok(api.POST("/api/v1/holds/{account_hold_id}/release/confirm", { params: ofHold(holdId), body: { reason } }));

export const sendRejection = (holdId: string, reason: string) =>
  ok(api.POST("/api/v1/holds/{account_hold_id}/release/reject", { params: ofHold(holdId), body: { reason } }));

export const sendSmallDecision = (holdId: string, decision: SmallDecision, reason: string) =>
  ok(
    api.POST("/api/v1/holds/{account_hold_id}/decide-small", { params: ofHold(holdId), body: { decision, reason } }),
  );

export const sendAppeal = (holdId: string, text: string, language: Schemas["Language"], contact: string) =>
  ok(
    api.POST("/api/v1/holds/{account_hold_id}/grievances", {
      params: ofHold(holdId),
      body: { text, language, contact },
    }),
  );

export const sendOfficer = (body: Schemas["NewGrievanceOfficer"]) => ok(api.PUT("/api/v1/grievance-officers", { body }));
