import assert from "node:assert/strict";
import { test } from "node:test";

import { EVERYTHING, type Filter, filterOf, fits, type Line, ownerNow, searchOf, startOf } from "./filters.ts";

const NOW = Date.parse("2026-11-27T14:02:31+05:30");
const LINE: Line = {
  task_id: 12,
  state: "open",
  kind: "phone_bank",
  cause: "request_silent",
  case_ack_no: "32711260000391",
  subject: { kind: "request", id: "1" },
  institution: "PNB",
  district: "lucknow",
  persons: ["woman"],
  version: 3,
  owner: "desk.one",
  owned_since: "2026-11-27T08:20:00Z",
  lease_ends_at: "2026-11-27T08:42:31Z",
  snoozed_until: null,
  due_at: null,
  in_play_paise: 16_970_000,
  rank_paise: 16_970_000,
  opened_at: "2026-11-27T08:12:31Z",
  closed_at: null,
};

test("a filter comes back from its address, and what is odd there is left out", () => {
  const filter: Filter = {
    ...EVERYTHING,
    kinds: ["phone_bank", "ticket_refused"],
    persons: ["child"],
    bank: "PNB",
    sum_from_paise: 1_000_000,
    older_than_seconds: 600,
    owned: false,
  };
  assert.deepEqual(filterOf(searchOf(filter)), filter);
  assert.deepEqual(searchOf(EVERYTHING), {});
  assert.deepEqual(filterOf({}), { ...EVERYTHING, snoozed: false });
  assert.deepEqual(filterOf({ from: "many", older: -1, owned: "perhaps" }), EVERYTHING);
});

test("a line of the stream is shown only where it fits", () => {
  const asked: readonly (readonly [Partial<Filter>, boolean])[] = [
    [{}, true],
    [{ kinds: ["read_answer"] }, false],
    [{ persons: ["woman", "child"] }, true],
    [{ persons: ["senior"] }, false],
    [{ sum_from_paise: 16_970_001 }, false],
    [{ older_than_seconds: 1200 }, true],
    [{ older_than_seconds: 1201 }, false],
    [{ owned: false }, false],
    [{ owner: "desk.one", bank: "PNB", district: "lucknow", snoozed: false }, true],
  ];
  for (const [part, isShown] of asked) {
    assert.equal(fits(LINE, { ...EVERYTHING, ...part }, NOW), isShown, JSON.stringify(part));
  }
  assert.equal(fits({ ...LINE, state: "closed" }, EVERYTHING, NOW), false);
});

test("a lease that is over is no owner", () => {
  assert.equal(ownerNow(LINE, NOW), "desk.one");
  assert.equal(ownerNow(LINE, Date.parse("2026-11-27T08:42:31Z")), null);
});

test("money runs from the transfer, and from the item where only the day of the transfer was told", () => {
  const opened_at = LINE.opened_at;
  const from = (at: string) => startOf({ opened_at, hop: { transferred_at: at }, to_ask: [] });
  assert.equal(from("2026-11-27T08:00:00Z"), Date.parse("2026-11-27T08:00:00Z"));
  assert.equal(from("2026-11-26T18:30:00Z"), Date.parse(opened_at));
  assert.equal(startOf({ opened_at, to_ask: [] }), Date.parse(opened_at));
});
