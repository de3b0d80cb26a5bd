import assert from "node:assert/strict";
import { test } from "node:test";

import type { Schemas } from "../../api/client.ts";
import { share, wholeRupees } from "./likely.ts";
import { actsOf, endedJustNow } from "./shiftRecord.ts";

const NOW = Date.parse("2026-11-27T14:30:00+05:30");

function shift(shift_id: number, ends_at: string): Schemas["ShiftLine"] {
  return { shift_id, team: "Agra", starts_at: ends_at, ends_at, officers: 3, open_items: 2, open_paise: 100 };
}

test("the shift that ended a short while ago is told to those who come", () => {
  const found = [shift(3, "2026-11-27T14:00:00+05:30"), shift(2, "2026-11-27T13:00:00+05:30")];
  assert.equal(endedJustNow(found, NOW)?.shift_id, 3);
  assert.equal(endedJustNow([shift(1, "2026-11-27T06:00:00+05:30")], NOW), undefined);
});

test("acts with a name are told in their order, and the others as one number", () => {
  const { named, others } = actsOf({ task_closed: 4, call: 2, document_issued: 3, message_sent: 1 });
  assert.deepEqual(named, [["call", 2], ["task_closed", 4]]);
  assert.equal(others, 4);
  assert.deepEqual(actsOf({}), { named: [], others: 0 });
});

test("what is only likely is never all or nothing", () => {
  assert.deepEqual([0, 0.001, 0.41, 0.999, 1].map(share), ["0%", "1%", "41%", "99%", "100%"]);
  assert.equal(wholeRupees(77_191_70), 77_191_00);
});
