import assert from "node:assert/strict";
import { test } from "node:test";

import { askedOf, searchOf } from "./asked.ts";

const AT = "018f3c5e-0000-7000-8000-0000000000aa";

test("an address is read and written, and what is wrong in it is as at the start", () => {
  const start = { list: "mine", level: null, late: false, at: null } as const;
  assert.deepEqual(askedOf({}), start);
  assert.deepEqual(askedOf({ list: "theirs", level: "sp", late: "yes", at: "<script>" }), start);
  const asked = { list: "all", level: "io", late: true, at: AT } as const;
  assert.deepEqual(askedOf(searchOf(asked)), asked);
  assert.deepEqual(searchOf(start), {});
});
