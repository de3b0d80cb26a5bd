import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type Content,
  firstMoment,
  hasFacts,
  holderText,
  isBlank,
  isEmpty,
  joined,
  readHolder,
  withParty,
  withReach,
  withTransfer,
} from "./content.ts";

const BASE: Content = { story: "", victim: { name: "Asha" }, transfers: [{ payer: {}, payee: {}, rrn: "1" }] };

test("two seats that type in two places lose nothing", () => {
  const own = { ...BASE, story: "told here" };
  const stored = withTransfer({ ...BASE, victim: { name: "Asha Roy" } }, 0, { rrn: "12" });
  const found = joined(BASE, own, stored);
  assert.equal(found.story, "told here");
  assert.equal(found.victim?.name, "Asha Roy");
  assert.equal(found.transfers?.[0]?.rrn, "12");
});

test("what both changed is as the officer sees it", () => {
  assert.equal(joined(BASE, { ...BASE, story: "own" }, { ...BASE, story: "stored" }).story, "own");
});

test("a transfer that was added here stays beside a change of the first", () => {
  const own = withTransfer(BASE, 1, { rrn: "2" });
  const found = joined(BASE, own, withParty(BASE, 0, "payer", { account: "9" }));
  assert.equal(found.transfers?.length, 2);
});

test("a call in which nothing is told is empty, whoever called", () => {
  assert.ok(isEmpty({ caller_mobile: "9876543210", victim: { mobile: "9876543210" }, transfers: [{ payer: {} }] }));
  assert.ok(!isEmpty({ story: "something" }));
  assert.ok(isBlank({ payer: { account: "" }, amount_paise: null }));
  assert.ok(!isBlank({ amount_paise: 5 }));
});

test("an answer on how the victim can be reached gives no other answer, and none is chosen for the person", () => {
  assert.deepEqual(withReach({}, { way: "sms" }).reach, { way: "sms" });
  assert.deepEqual(withReach({}, { is_quiet: "dont_know" }).reach, { way: null, is_quiet: "dont_know" });
  const both = withReach(withReach({}, { wants_woman_officer: false }), { way: "call" });
  assert.deepEqual(both.reach, { wants_woman_officer: false, way: "call" });
  assert.equal(withReach({ reach: { way: "email" } }, { way: null }).reach, null);
});

test("a UPI address in the field of the account is an address, and what replaces it is an account", () => {
  assert.deepEqual(readHolder("ramesh@ybl", { account: "ramesh" }), { account: "", vpa: "ramesh@ybl" });
  assert.deepEqual(readHolder("501004", { vpa: "ramesh@ybl" }), { account: "501004", vpa: "" });
  assert.equal(holderText({ account: "", vpa: "ramesh@ybl" }), "ramesh@ybl");
});

test("a day alone does not say when the money left", () => {
  const now = Date.parse("2026-11-28T20:00:00+05:30");
  const on = (at: string): Content => ({ transfers: [{ payer: {}, payee: {}, transferred_at: at }] });
  assert.equal(firstMoment(on("2026-11-28"), now), null);
  assert.equal(firstMoment(on("2026-11-28T19:40:00"), now), Date.parse("2026-11-28T19:40:00+05:30"));
});

test("a bank can be asked once the four facts of a transfer are typed", () => {
  const facts = { payer: { institution: "SBI" }, amount_paise: 5, rrn: "412233445566", transferred_at: "2026-11-28" };
  assert.ok(hasFacts(facts));
  assert.ok(hasFacts({ ...facts, rrn: "", utr: "SBIN126332000001" }));
  for (const lacking of ["payer", "amount_paise", "rrn", "transferred_at"]) {
    assert.ok(!hasFacts({ ...facts, [lacking]: undefined }), lacking);
  }
});
