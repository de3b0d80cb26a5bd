import assert from "node:assert/strict";
import { test } from "node:test";

import type { Read } from "../text/catalogue.ts";
import { sentenceOf } from "./violations.ts";

const TEXTS: Readonly<Record<string, string>> = {
  "field.account": "Account",
  "rule.account": "It has 9 to 18 digits.",
  "fault.missing": "It is missing.",
  "fault.string_pattern_mismatch": "It is not written as it should be.",
};
const t = Object.assign((key: string): string => TEXTS[key] ?? key, {
  has: (key: string): boolean => key in TEXTS,
}) as unknown as Read<string>;

test("a field is named, and what it must be is said in a sentence", () => {
  const pattern = { message: "String should match pattern '^[0-9]{9,18}$'", code: "string_pattern_mismatch" };
  const found = sentenceOf(t, { field: "transfers[0].payee.account", ...pattern });
  assert.deepEqual(found, { name: "Account", text: "It has 9 to 18 digits." });
  assert.deepEqual(sentenceOf(t, { field: "court_no", ...pattern }), {
    name: "court no",
    text: "It is not written as it should be.",
  });
  assert.equal(sentenceOf(t, { field: "account", message: "Field required", code: "missing" }).text, "It is missing.");
  assert.equal(sentenceOf(t, { field: "at", message: "it is in the future" }).text, "it is in the future");
});
