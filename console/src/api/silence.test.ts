import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { SILENT_MS, silenceMs } from "./silence.ts";

const SEEN_MS = 5_000;

test("a page says within five seconds that its server is silent", () => {
  const policy = readFileSync(new URL("../../../domain/policy/policy.toml", import.meta.url), "utf8");
  const clockSeconds = Number(/^clock_seconds = (\d+)$/m.exec(policy)?.[1]);
  assert.ok(silenceMs(clockSeconds) < SEEN_MS);
  assert.ok(silenceMs(clockSeconds) >= 2 * clockSeconds * 1000, "one late word is no silence");
  assert.ok(SILENT_MS < SEEN_MS);
});
