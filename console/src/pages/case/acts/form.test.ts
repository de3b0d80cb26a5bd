import assert from "node:assert/strict";
import { test } from "node:test";

import { type Ask, beginning, givenOf, isFit, linesOf, UNCHOSEN, understood } from "./form.ts";

const NOW = Date.parse("2026-11-27T14:00:00+05:30");

function ask(kind: Ask["kind"], more: Partial<Ask> = {}): Ask {
  return { name: "it", kind, label: "It", ...more };
}

test("a field that must be there holds the act back, an optional one does not", () => {
  assert.equal(isFit(ask("line"), "  ", NOW), false);
  assert.equal(isFit(ask("line", { isOptional: true }), "  ", NOW), true);
  assert.equal(isFit(ask("yes"), "", NOW), true);
});

test("a reason is a few letters, a sum is a sum, and a day is no time of day", () => {
  assert.equal(isFit(ask("reason"), "no", NOW), false);
  assert.equal(isFit(ask("reason"), "told by phone", NOW), true);
  assert.equal(isFit(ask("rupees"), "1.85 lakh", NOW), true);
  assert.equal(isFit(ask("rupees", { isOptional: true }), "some", NOW), false);
  assert.equal(isFit(ask("number", { isOptional: true }), "12", NOW), true);
  // Sent as no number, it would be about the whole complaint.
  assert.equal(isFit(ask("number", { isOptional: true }), "transfer 12", NOW), false);
  assert.equal(isFit(ask("moment"), "1347", NOW), true);
  assert.equal(isFit(ask("day"), "1347", NOW), false);
  assert.equal(isFit(ask("day"), "26-11", NOW), true);
});

test("what was typed is said back and sent in the form of the API", () => {
  assert.equal(understood(ask("rupees"), "1.85 lakh", NOW, "en"), "one lakh eighty-five thousand");
  assert.equal(understood(ask("day"), "26-11", NOW, "en"), "26-11-2026");
  const given = givenOf({ sum: "1.85 lakh", at: "1347", day: "26-11", tick: "yes", gone: " " }, NOW);
  assert.equal(given.paise("sum"), 1_85_000_00);
  assert.equal(given.at("at"), "2026-11-27T08:17:00.000Z");
  assert.equal(given.day("day"), "2026-11-26");
  assert.equal(given.yes("tick"), true);
  assert.equal(given.maybe("gone"), null);
  assert.equal(given.text("not there"), "");
});

test("a choice begins with its first option, unless it may be left out", () => {
  const options = [{ value: "a", label: "A" }];
  assert.deepEqual(beginning([ask("choice", { options })]), { it: "a" });
  assert.deepEqual(beginning([ask("choice", { options, isOptional: true })]), { it: "" });
  const unchosen = ask("choice", { options, begins: UNCHOSEN });
  assert.deepEqual([beginning([unchosen]), isFit(unchosen, "", NOW)], [{ it: "" }, false]);
  assert.deepEqual(linesOf("one\n\n two "), ["one", "two"]);
});
