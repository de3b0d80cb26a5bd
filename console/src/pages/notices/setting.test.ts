import assert from "node:assert/strict";
import { test } from "node:test";

import { MEDIA, type Setting, settingOf, toggled, typedOf } from "./setting.ts";

const SETTING: Setting = {
  kinds: ["phone_bank"],
  sum_from_paise: 15_000_000,
  hours: "on_shift",
  media: ["stream", "sms"],
  gap_seconds: 900,
  language: "hi",
};

test("a setting that is typed again is the same", () => {
  assert.deepEqual(settingOf(typedOf(SETTING)), SETTING);
  const any = { ...SETTING, sum_from_paise: null };
  assert.deepEqual(settingOf(typedOf(any)), any);
});

test("a sum is typed as officers say it, and a wrong one is not sent", () => {
  assert.equal(settingOf({ ...typedOf(SETTING), sum: "1.5 lakh" })?.sum_from_paise, 15_000_000);
  assert.equal(settingOf({ ...typedOf(SETTING), sum: "much" }), null);
});

test("a medium is put in and taken out, in the order of all", () => {
  assert.deepEqual(toggled(MEDIA, ["stream", "email"], "sms"), ["stream", "sms", "email"]);
  assert.deepEqual(toggled(MEDIA, ["stream", "sms"], "stream"), ["sms"]);
});
