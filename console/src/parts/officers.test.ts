import assert from "node:assert/strict";
import { test } from "node:test";

import { idOf, officersFor } from "./officersFor.ts";

const TEAM = [
  { officer_id: "io.verma", name: "Ramesh Verma", teams: ["Desk"], is_absent: true },
  { officer_id: "desk.rao", name: "Sita Rao", teams: ["Desk"], is_absent: false },
  { officer_id: "desk.verma", name: "Anil Verma", teams: ["Desk"], is_absent: false },
];

const ids = (typed: string): string[] => officersFor(typed, TEAM).map((one) => one.officer_id);

test("officers are found by parts of name and id, those at work first", () => {
  assert.deepEqual(ids(""), ["desk.rao", "desk.verma", "io.verma"]);
  assert.deepEqual(ids("ver"), ["desk.verma", "io.verma"]);
  assert.deepEqual(ids("VERMA anil"), ["desk.verma"]);
  assert.deepEqual(ids("xyz"), []);
});

test("a text stands for the only officer who fits, and else for itself", () => {
  assert.equal(idOf("sita", TEAM), "desk.rao");
  assert.equal(idOf(" verma ", TEAM), "verma");
  assert.equal(idOf("ramesh", TEAM), "ramesh");
  assert.equal(idOf("sho.other@up", TEAM), "sho.other@up");
  assert.equal(idOf("", TEAM), "");
});
