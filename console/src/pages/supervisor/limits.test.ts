import assert from "node:assert/strict";
import { test } from "node:test";

import { askedOf, firstDay } from "./asked.ts";
import { limitsAt, standingOf, Z_95 } from "./limits.ts";

test("a share is only called other where chance does not explain it", () => {
  const { low, high } = limitsAt(0.5, 100, Z_95);
  assert.deepEqual([low.toFixed(3), high.toFixed(3)], ["0.402", "0.598"]);
  assert.equal(standingOf(0.4, 100, 0.5), "within");
  assert.equal(standingOf(0.3, 100, 0.5), "below");
  assert.equal(standingOf(0.9, 100, 0.5), "above");
  assert.equal(standingOf(0.0, 4, 0.5), "within");
});

test("an address that is wrong asks for the usual", () => {
  assert.deepEqual(askedOf({ days: 7, by: "bank", open: "approval" }), { days: 7, by: "bank", open: "approval" });
  assert.deepEqual(askedOf({ days: 8, by: "officer", open: "none" }), { days: 30, by: "district", open: null });
  assert.deepEqual(askedOf({}), { days: 30, by: "district", open: null });
});

test("a period begins at midnight in India, and today is its last day", () => {
  const evening = Date.parse("2026-11-27T20:00:00Z");
  assert.equal(firstDay(1, evening), "2026-11-28");
  assert.equal(firstDay(30, evening), "2026-10-30");
});
