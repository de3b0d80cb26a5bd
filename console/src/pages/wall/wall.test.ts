import assert from "node:assert/strict";
import { test } from "node:test";

import type { Schemas } from "../../api/client.ts";
import { percents } from "../../text/shares.ts";
import { glanceText } from "../../text/spans.ts";
import { lateCount, lateLines } from "./late.ts";
import { isTimeToReload } from "./quiet.ts";
import { teamLoads } from "./teams.ts";
import { LETTERS_OF, shadeOf } from "./tiles.ts";

const HOUR_MS = 3_600_000;
/** 14:07:20 in India */
const AT_SEVEN = Date.parse("2026-11-27T14:07:20+05:30");

test("the wall loads itself again only in a quiet minute, with figures, and not at once", () => {
  assert.equal(isTimeToReload(AT_SEVEN, HOUR_MS, HOUR_MS, false), true);
  assert.equal(isTimeToReload(AT_SEVEN, HOUR_MS, HOUR_MS, true), false);
  assert.equal(isTimeToReload(AT_SEVEN, HOUR_MS, 60_000, false), false);
  assert.equal(isTimeToReload(AT_SEVEN, 60_000, 60_000, false), false);
  assert.equal(isTimeToReload(AT_SEVEN + 60_000, HOUR_MS, HOUR_MS, false), false);
});

test("percent sum to a hundred, however they are rounded", () => {
  assert.deepEqual(percents([1, 1, 1]), [34, 33, 33]);
  assert.deepEqual(percents([206, 242, 0, 0, 125, 47, 20, 44]).reduce((sum, one) => sum + one), 100);
  assert.deepEqual(percents([0, 0]), [0, 0]);
});

test("every stage that is late is in one of the six lines", () => {
  const breaches: Schemas["WallBreaches"] = {
    stages: [
      { stage: "complaint_to_held", late: 7, most_seconds: 2460 },
      { stage: "delivered_to_answered", late: 4, most_seconds: 7800 },
      { stage: "approval", late: 2, most_seconds: 60 },
      { stage: "ordered_to_credited", late: 3, most_seconds: 600 },
      { stage: "sent_to_delivered", late: 1, most_seconds: 5 },
    ],
    lapsing_holds: 12,
    lapsing_paise: 38_40_000_00,
    unowned_tasks: 9,
    unowned_most_seconds: 1320,
  };
  assert.deepEqual(
    lateLines(breaches).map((one) => [one.line, one.count, one.seconds]),
    [
      ["first_hold", 7, 2460],
      ["banks", 4, 7800],
      ["holds", 12, null],
      ["tasks", 9, 1320],
      ["restoration", 5, 600],
      ["other", 1, 5],
    ],
  );
  assert.equal(lateCount(breaches), 38);
});

test("each district has three letters of its own, and a shade by its money", () => {
  assert.equal(LETTERS_OF.size, 75);
  assert.equal(new Set(LETTERS_OF.values()).size, 75);
  assert.equal(LETTERS_OF.get("GAUTAM BUDDHA NAGAR"), "GBN");
  assert.deepEqual([null, 99_999_99, 1_00_000_00, 5_00_000_00, 15_00_001_00].map(shadeOf), [0, 0, 1, 2, 3]);
});

test("teams with the most items for each officer come first, and items that no officer on shift has before all", () => {
  const teams = [
    { name: "calls", on_shift: 22, tasks: 38 },
    { name: "off", on_shift: 0, tasks: 0 },
    { name: "night", on_shift: 0, tasks: 3 },
    { name: "Meerut", on_shift: 8, tasks: 171 },
  ];
  assert.deepEqual(
    teamLoads(teams).map((one) => [one.name, one.each === null ? null : Math.round(one.each)]),
    [["night", null], ["Meerut", 21], ["calls", 2], ["off", null]],
  );
});

test("spans are read at a glance", () => {
  assert.deepEqual(
    [45, 252, 2460, 7800, 518_400].map((one) => glanceText(one, "en")),
    ["45 s", "4.2 min", "41 min", "2 h 10 min", "6 d"],
  );
});
