/** Acts on the police side of a case: its officers, FIRs and duties. */

import { api, type Schemas } from "../../../api/client.ts";
import { ok } from "../../../api/problem.ts";
import type { Named } from "../../../parts/names.ts";
import { type Acts, field, optionsOf, reasonAsk } from "../acts/act.ts";
import { UNCHOSEN } from "../acts/form.ts";
import type { ActsRead } from "../acts/text.ts";
import { worded } from "../text.ts";

export type Fir = Schemas["Fir"];
export type Duty = Schemas["Duty"];
type May = (action: string) => boolean;

const SECTION_SIGN = ",";
const FIR_KINDS: readonly Schemas["FirKind"][] = ["fir", "zero_fir", "e_zero_fir"];
const CASE_DUTIES: readonly Schemas["CaseDuty"][] = ["io", "supervising", "deciding"];

export function caseActs(ackNo: string, a: ActsRead, may: May, districts: readonly Named[]): Acts {
  const params = { path: { ack_no: ackNo } };
  const kind = field("kind", "choice", a("fir.kind_of"), {
    options: optionsOf(FIR_KINDS, (code) => worded(a, "fir.kind", code)),
  });
  return [
    may("assign_officer") && {
      name: "officer",
      title: a("officer.assign"),
      says: a("officer.assign.says"),
      asks: [
        field("duty", "choice", a("officer.duty_of"), {
          options: optionsOf(CASE_DUTIES, (code) => worded(a, "officer.duty", code)),
        }),
        field("subject", "line", a("officer.id"), { most: 64 }),
        field("name", "line", a("victim.name")),
        field("rank", "line", a("officer.rank")),
        field("station", "line", a("field.station")),
        field("district", "choice", a("field.district"), { options: districts, begins: UNCHOSEN }),
        field("phone", "line", a("field.mobile"), { most: 20 }),
        field("email", "line", a("field.email"), { isOptional: true, most: 254 }),
      ],
      run: (given) =>
        ok(
          api.POST("/api/v1/cases/{ack_no}/officer", {
            params,
            body: {
              duty: given.text("duty") as Schemas["CaseDuty"],
              subject: given.text("subject"),
              name: given.text("name"),
              rank: given.text("rank"),
              police_station: given.text("station"),
              district: given.text("district"),
              phone: given.text("phone"),
              email: given.maybe("email"),
            },
          }),
        ),
    },
    may("take_fir") && {
      name: "ask",
      title: a("fir.ask"),
      says: a("fir.ask.says"),
      asks: [kind, field("sections", "line", a("fir.sections"), { isOptional: true })],
      run: (given) =>
        ok(
          api.POST("/api/v1/cases/{ack_no}/fir", {
            params,
            body: { kind: given.text("kind") as Schemas["FirKind"], sections: sectionsOf(given.text("sections")) },
          }),
        ),
    },
    may("take_fir") && {
      name: "record",
      title: a("fir.record"),
      says: a("fir.record.says"),
      asks: [
        kind,
        field("no", "line", a("fir.no"), { most: 64 }),
        field("station", "line", a("field.station")),
        field("at", "moment", a("fir.registered_at")),
        field("signed", "moment", a("fir.signed_at"), { isOptional: true }),
        field("sections", "line", a("fir.sections"), { isOptional: true }),
        field("document", "file", a("fir.copy"), { isOptional: true }),
      ],
      run: (given) =>
        ok(
          api.POST("/api/v1/cases/{ack_no}/fir", {
            params,
            body: {
              kind: given.text("kind") as Schemas["FirKind"],
              sections: sectionsOf(given.text("sections")),
              by_hand: {
                fir_no: given.text("no"),
                police_station: given.text("station"),
                registered_at: given.at("at") ?? "",
                signed_at: given.at("signed"),
                document: given.maybe("document"),
              },
            },
          }),
        ),
    },
  ];
}

function sectionsOf(text: string): string[] {
  return text
    .split(SECTION_SIGN)
    .map((one) => one.trim())
    .filter(Boolean);
}

export function firActs(ackNo: string, fir: Fir, a: ActsRead, may: May): Acts {
  if (!may("take_fir")) return [];
  const params = { path: { ack_no: ackNo, fir_id: fir.fir_id } };
  return [
    {
      name: "copy",
      title: a("fir.add_copy"),
      says: a("fir.add_copy.says"),
      asks: [field("document", "file", a("fir.copy"))],
      run: (given) =>
        ok(
          api.POST("/api/v1/cases/{ack_no}/fir/{fir_id}/copy", { params, body: { document: given.text("document") } }),
        ),
    },
    fir.kind === "e_zero_fir" &&
      fir.state === "registered" &&
      fir.signed_at === null && {
        name: "sign",
        title: a("fir.sign"),
        says: a("fir.sign.says"),
        asks: [field("at", "moment", a("fir.signed_at")), reasonAsk()],
        run: (given) =>
          ok(
            api.POST("/api/v1/cases/{ack_no}/fir/{fir_id}/sign", {
              params,
              body: { signed_at: given.at("at") ?? "", reason: given.text("reason") },
            }),
          ),
      },
  ];
}

export function dutyActs(ackNo: string, duty: Duty, a: ActsRead, may: May): Acts {
  if (duty.done_at !== null || !may("do_duty")) return [];
  const params = { path: { ack_no: ackNo, kind: duty.kind } };
  return [
    {
      name: "handed",
      title: a("duty.handed_in"),
      says: a("duty.handed_in.says"),
      asks: [field("diary", "line", a("duty.diary_no"), { most: 64 }), field("at", "moment", a("duty.handed_at"))],
      run: (given) =>
        ok(
          api.POST("/api/v1/cases/{ack_no}/duties/{kind}/done", {
            params,
            body: { handed_in: { diary_no: given.text("diary"), at: given.at("at") ?? "" } },
          }),
        ),
    },
    {
      name: "needless",
      title: a("duty.needless"),
      says: a("duty.needless.says"),
      asks: [reasonAsk()],
      run: (given) =>
        ok(
          api.POST("/api/v1/cases/{ack_no}/duties/{kind}/done", { params, body: { reason: given.text("reason") } }),
        ),
    },
  ];
}
