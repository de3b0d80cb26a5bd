import assert from "node:assert/strict";
import { test } from "node:test";

import { kindsFor, nextRevision } from "./kinds.ts";

test("a seizure is offered only to those who may issue one", () => {
  assert.ok(kindsFor(true).includes("notice_106"));
  assert.ok(!kindsFor(false).includes("notice_106"));
  assert.ok(!kindsFor(true).includes("signed_application"));
});

test("the next revision follows the last one of the same subject and language", () => {
  const issued = [
    { kind: "lien_notice", subject: "SBIN", language: "en", revision: 2 },
    { kind: "lien_notice", subject: "HDFC", language: "en", revision: 5 },
  ] as const;
  assert.equal(nextRevision(issued, "lien_notice", "SBIN", "en"), 3);
  assert.equal(nextRevision(issued, "lien_notice", "SBIN", "hi"), 1);
});
