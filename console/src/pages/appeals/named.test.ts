import assert from "node:assert/strict";
import { test } from "node:test";

import { namedBy } from "./named.ts";

test("a holder reads out the number of the case or the reference, in groups", () => {
  assert.deepEqual(namedBy(" 3281-1265 0000-02 "), { ack_no: "32811265000002" });
  assert.deepEqual(namedBy("tzgn-bjnz ua"), { reference: "TZGNBJNZUA" });
  assert.equal(namedBy("3281126500000"), null);
  assert.equal(namedBy(""), null);
});
