import assert from "node:assert/strict";
import { test } from "node:test";

import { askedOf, casesOf, type Line, entriesOf, searchOf, type WaitingOrder } from "./asked.ts";

const TODAY = "2026-11-28";

test("an address is read and written, and the day is today's unless it says another", () => {
  const start = { list: "files", route: "lok_adalat", district: "", on: TODAY, court: "", heard: "" } as const;
  assert.deepEqual(askedOf({}, TODAY), start);
  assert.deepEqual(askedOf({ list: "x", route: "no_court", on: "28-11-2026", court: 7, heard: "soon" }, TODAY), start);
  assert.deepEqual(searchOf(start, TODAY), {});
  const asked = { list: "orders", route: "court", district: "AGRA", on: "2026-12-01", court: "CJM Agra", heard: "2026-12-03" } as const;
  assert.deepEqual(askedOf(searchOf(asked, TODAY), TODAY), asked);
});

test("an order names a case once, with the sum of its lines", () => {
  const line = (ackNo: string, caseNo: string, paise: number) =>
    ({ ack_no: ackNo, case_ack_no: caseNo, held_paise: paise }) as Line;
  const found = casesOf([line("1", "1", 100), line("2", "1", 50), line("3", "3", 7)]);
  assert.deepEqual(
    found.map((one) => [one.ackNo, one.lines.length, one.heldPaise]),
    [
      ["1", 2, 150],
      ["3", 1, 7],
    ],
  );
});

test("entries of one order are shown together, and not those of another number", () => {
  const order = (no: string, id: number) =>
    ({ asks: "confirmation", court: "PLA", order_no: no, effect: "restore", made_on: TODAY, court_order_id: id }) as WaitingOrder;
  const found = entriesOf([order("7/26", 1), order("8/26", 2), order("7/26", 3)]);
  assert.deepEqual(
    found.map(({ orders }) => orders.map((one) => one.court_order_id)),
    [[1, 3], [2]],
  );
});
