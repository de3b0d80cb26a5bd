import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";

const PAGES = new URL("../pages/", import.meta.url);
const COMMENTS = /\/\*.*?\*\//gs;

/** Return what stands before the outermost braces of a style sheet, a text for each. */
function outermost(style: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let read = "";
  for (const sign of style.replace(COMMENTS, "")) {
    if (sign === "{" && depth++ === 0) found.push(read.trim());
    if (sign === "}") depth -= 1;
    read = depth > 0 || sign === "}" ? "" : read + sign;
  }
  assert.equal(depth, 0);
  return found.filter((one) => !one.startsWith("@page "));
}

test("the rules of a page count on that page alone, as its style sheet stays when another page is opened", () => {
  const names = globSync("*/*.css", { cwd: PAGES.pathname });
  assert.ok(names.length > 5);
  for (const name of names) {
    const page = basename(name, ".css");
    const also = page === "wall" ? ', [data-page="supervisor"]' : "";
    assert.deepEqual(outermost(readFileSync(new URL(name, PAGES), "utf8")), [`:where([data-page="${page}"]${also})`], name);
  }
});
