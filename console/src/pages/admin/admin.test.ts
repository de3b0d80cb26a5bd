import assert from "node:assert/strict";
import { test } from "node:test";

import { filled, type Values } from "../../text/catalogue.ts";
import { filterOf, searchOf, shownOf } from "./asked.ts";
import { changeText } from "./changeValues.ts";
import { keyOf } from "./bankKey.ts";
import { displayName } from "./displayName.ts";
import { knownValue } from "./known.ts";
import { editedText, joined, readValue, unitOf, valueText } from "./policyValues.ts";
import { asShifts, shiftsText, typedShifts } from "./shifts.ts";
import type { AdminRead } from "./text.ts";

/** A reader of these texts alone. */
function reader(texts: Readonly<Record<string, string>>): AdminRead {
  const read = (key: string, values: Values = {}): string => filled(texts[key] ?? key, values);
  return Object.assign(read, { has: (key: string) => key in texts, count: read, language: "en" }) as unknown as AdminRead;
}

test("a value is read in its unit, and of the kind that it had", () => {
  assert.equal(unitOf("trail.min_chase_paise"), "paise");
  assert.equal(unitOf("bank_limits.policies.answers.seconds"), "seconds");
  assert.equal(unitOf("trail.max_layers"), "none");
  assert.equal(valueText("trail.min_chase_paise", 50_000, "en"), "₹500");
  assert.equal(valueText("delivery.retry_for_seconds", 600, "en"), "10 min");
  assert.equal(valueText("sessions.provider_amr", ["mfa"], "en"), '["mfa"]');
  assert.equal(editedText("trail.min_chase_paise", 50_050), "500.5");
  const typed: readonly (readonly [string, string, unknown, unknown])[] = [
    ["trail.min_chase_paise", "1 lakh", 50_000, 10_000_000],
    ["trail.min_chase_paise", "0", 50_000, 0],
    ["trail.min_chase_paise", "much", 50_000, undefined],
    ["delivery.retry_for_seconds", "900", 600, 900],
    ["delivery.retry_for_seconds", "15 min", 600, undefined],
    ["sessions.provider_amr", '["mfa", "otp"]', ["mfa"], ["mfa", "otp"]],
    ["sessions.provider_amr", "mfa", ["mfa"], undefined],
    ["payer_banks.asked", "true", false, true],
    ["payer_banks.asked", "yes", false, undefined],
    ["trail.status_codes.00.text", "fine", "ok", "fine"],
  ];
  for (const [name, text, before, value] of typed) assert.deepEqual(readValue(name, text, before), value, text);
});

test("what two versions differ in is what is other after the last", () => {
  const change = (field: string, before: string, after: string) => ({ field, before, after });
  assert.deepEqual(joined([[change("a", "1", "2"), change("b", "5", "6")], [change("a", "2", "3"), change("b", "6", "5")]]), [
    change("a", "1", "3"),
  ]);
});

test("values of a change are read in Indian time, in rupees and by name", () => {
  const t = reader({ "channel.i4c": "I4C wire", whole_state: "all", "said.now": "at once", said_from: "since {at}", said_until: "to {at}" });
  assert.equal(changeText(t, "role.sp", "from 2026-11-30T18:30:00Z until 2026-12-31T18:30:00Z"), "since 01-12-2026 00:00 IST to 01-01-2027 00:00 IST");
  assert.equal(changeText(t, "trail.min_chase_paise", "50000"), "₹500");
  assert.equal(changeText(t, "channels", "i4c, fax"), "I4C wire, fax");
  assert.equal(changeText(t, "key.sbin-1", "now; ab12"), "at once; ab12");
  assert.equal(changeText(t, "districts", "*"), "all");
  assert.equal(changeText(t, "districts", "LUCKNOW, AGRA", (code) => code.toLowerCase()), "lucknow, agra");
  assert.equal(changeText(t, "shifts", "day 1 20:00-24:00"), "Mon 20:00-24:00");
  assert.equal(changeText(t, "name", "Ravi Verma"), "Ravi Verma");
});

test("what is shown stands in the address, and a wrong address is as at the start", () => {
  const shown = { area: "teams", since: "2026-11-01", until: "2026-11-28", list: "decided", proposal: 7 } as const;
  assert.deepEqual(shownOf(searchOf(shown)), shown);
  assert.deepEqual(searchOf(shownOf({ area: "persons", since: "yesterday", list: 3, proposal: "7" })), {});
  assert.deepEqual(filterOf(shown, "ravi"), {
    area: "teams",
    since: "2026-11-01T00:00:00+05:30",
    until: "2026-11-29T00:00:00+05:30",
    officer: "ravi",
  });
});

test("a public key is taken from PEM as well", () => {
  const key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
  assert.equal(keyOf(`-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA${key}\n-----END PUBLIC KEY-----\n`), key);
  assert.equal(keyOf(` ${key} `), key);
});

test("hours of a team are written and read as the command has them", () => {
  const week = [1, 2, 3, 4, 5].map((day) => ({ day_no: day, starts_minute: 540, ends_minute: 1080 }));
  assert.equal(shiftsText(week, "en"), "Mon–Fri 09:00–18:00");
  assert.equal(shiftsText([{ day_no: 6, starts_minute: 1200, ends_minute: 1440 }], "en"), "Sat 20:00–24:00");
  assert.deepEqual(asShifts("mon-fri 09:00-18:00"), week);
  assert.deepEqual(asShifts("sat,sun 20:00-24:00, mon 00:00-08:00"), [
    { day_no: 6, starts_minute: 1200, ends_minute: 1440 },
    { day_no: 7, starts_minute: 1200, ends_minute: 1440 },
    { day_no: 1, starts_minute: 0, ends_minute: 480 },
  ]);
  assert.deepEqual(asShifts("mon-fri 9-18"), week);
  assert.equal(asShifts("mon 18:00-09:00"), null);
  assert.equal(asShifts("at night"), null);
  const weekend = [6, 7].map((day) => ({ day_no: day, starts_minute: 1200, ends_minute: 1440 }));
  assert.equal(typedShifts([...week, ...weekend]), "mon-fri 09:00-18:00, sat,sun 20:00-24:00");
  assert.deepEqual(asShifts("mon-fri 09:00-18:00, sat,sun 20:00-24:00"), [...week, ...weekend]);
});

test("a district is read by its code or its name, and no other text is one", () => {
  const known = [{ value: "LUCKNOW", label: "लखनऊ" }];
  assert.equal(knownValue("lucknow", known), "LUCKNOW");
  assert.equal(knownValue(" लखनऊ ", known), "LUCKNOW");
  assert.equal(knownValue("Luknow", known), undefined);
});

test("a display is named by what is typed, with a hyphen for each blank", () => {
  assert.equal(displayName(" Wall Lucknow 1"), "wall-lucknow-1");
  assert.equal(displayName("दीवार"), null);
  assert.equal(displayName(""), null);
});
