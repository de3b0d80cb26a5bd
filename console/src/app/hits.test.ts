import assert from "node:assert/strict";
import { test } from "node:test";

import { isNumberOf, onlyHit } from "./hits.ts";

const ONE = { case_ack_no: "32711260000391" };

test("the one case that is found opens by Enter, and its whole number opens it at once", () => {
  assert.equal(onlyHit({ items: [ONE], is_cut: false }), ONE.case_ack_no);
  assert.equal(onlyHit({ items: [ONE], is_cut: true }), null);
  assert.equal(onlyHit({ items: [ONE, ONE], is_cut: false }), null);
  assert.equal(onlyHit({ items: [], is_cut: false }), null);
  assert.equal(isNumberOf(ONE.case_ack_no, "3271 1260 000391"), true);
  assert.equal(isNumberOf(ONE.case_ack_no, "9876543210"), false);
});
