import assert from "node:assert/strict";
import { test } from "node:test";

import { askedOf, scopeOf, searchOf } from "./asked.ts";
import { limitsAt, standingOf, Z_95 } from "./limits.ts";

test("a share is only called other where chance does not explain it", () => {
  const { low, high } = limitsAt(0.5, 100, Z_95);
  assert.deepEqual([low.toFixed(3), high.toFixed(3)], ["0.402", "0.598"]);
  assert.equal(standingOf(0.4, 100, 0.5), "within");
  assert.equal(standingOf(0.3, 100, 0.5), "below");
  assert.equal(standingOf(0.9, 100, 0.5), "above");
  assert.equal(standingOf(0.0, 4, 0.5), "within");
});

const USUAL = askedOf({});
const EVENING = Date.parse("2026-11-27T20:00:00Z");

test("an address that is wrong asks for the usual", () => {
  const wrong = { days: 8, by: "officer", open: "none", first: "2026-02-30", last: "2026-11-01", district: "" };
  assert.deepEqual(askedOf(wrong), USUAL);
  assert.deepEqual(USUAL, { days: 30, first: null, last: null, district: null, by: "district", open: null });
});

test("what is asked for comes back from its address", () => {
  for (const changes of [
    { days: 7, by: "bank", open: "approval" } as const,
    { first: "2026-11-01", last: "2026-11-20", district: "AGRA" },
    { first: "2026-11-01" },
  ]) {
    const asked = { ...USUAL, ...changes };
    assert.deepEqual(askedOf(searchOf(asked)), asked);
  }
});

test("a period begins at midnight in India, and its last day counts", () => {
  assert.deepEqual(scopeOf({ ...USUAL, days: 1 }, EVENING), { from: "2026-11-28" });
  assert.deepEqual(scopeOf({ ...USUAL, district: "AGRA" }, EVENING), { from: "2026-10-30", district: "AGRA" });
  const own = { ...USUAL, first: "2026-02-27", last: "2026-02-28" };
  assert.deepEqual(scopeOf(own, EVENING), { from: "2026-02-27", to: "2026-03-01" });
});
