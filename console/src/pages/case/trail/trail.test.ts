import assert from "node:assert/strict";
import { test } from "node:test";

import { at, type Bar, fitted, next, type Picture, placed, READ_SCALE, type Ribbon, upperEdge, wholeScale } from "./geometry.ts";

const UNITS = 100_000;

function bar(layer: number, place: number, of: number, changes: Partial<Bar> = {}): Bar {
  const height = UNITS / of;
  return {
    node_id: `${layer}:${place}`,
    layer,
    place,
    institution: "SBIN",
    institution_as_told: "SBI",
    holder: "30000000001",
    hop_no: null,
    folded: 0,
    hops: 1,
    paise: 1_000_000 / of,
    rupees: 10_000 / of,
    top: place * Math.max(height, 5_000),
    height,
    stays: [],
    ...changes,
  };
}

/** A trail of `layers` layers, each with `of` accounts, and each account paid by every one of `fan` before it. */
function trail(layers: number, of: number, fan: number): Picture {
  const bars = Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: of }, (_, place) => bar(layer, place, of)),
  ).flat();
  const ribbons: Ribbon[] = [];
  for (let layer = 1; layer < layers; layer += 1) {
    for (let place = 0; place < of; place += 1) {
      for (let one = 0; one < fan; one += 1) {
        const from = (place + one * 7) % of;
        const share = { bucket: "held" as const, letter: "H", paise: 1_000_000 / of / fan, rupees: 1 };
        ribbons.push({
          from_node: `${layer - 1}:${from}`,
          to_node: `${layer}:${place}`,
          hops: 1,
          paise: share.paise,
          rupees: 1,
          from_top: bars[from]?.top ?? 0,
          to_top: place * Math.max(UNITS / of, 5_000) + (one * UNITS) / of / fan,
          height: UNITS / of / fan,
          bands: [share],
          returns_to: layer === 2 && place === 0 ? "0:0" : null,
        });
      }
    }
  }
  return {
    detail: "account",
    legs: 300,
    money_units: UNITS,
    height: of * Math.max(UNITS / of, 5_000),
    paise: 1_000_000,
    rupees: 10_000,
    stays: [],
    hops_without_money: 0,
    layers: Array.from({ length: layers }, (_, layer) => ({ layer, bars: of, hops: of * fan, paise: 1, rupees: 1 })),
    bars,
    ribbons,
  };
}

test("the picture is as wide as its room, and wider where layers need it", () => {
  assert.equal(placed(trail(4, 3, 1), 1000, READ_SCALE).size.width, 1000);
  assert.ok(placed(trail(12, 3, 1), 1000, READ_SCALE).size.width > 2000);
});

/** One account that pays, one that is paid, and then `of` accounts; the server has the first two in the middle. */
function fan(of: number): Picture {
  const wide = trail(3, of, 1);
  const middle = (wide.height - UNITS) / 2;
  const alone = [0, 1].map((layer) => bar(layer, 0, 1, { top: middle }));
  const last = wide.bars.filter((one) => one.layer === 2);
  const to = (one: Bar, from: number): Ribbon => {
    const share = { from_top: from, to_top: one.top, height: one.height, paise: one.paise, rupees: 1, hops: 1 };
    return { ...share, from_node: "1:0", to_node: one.node_id, bands: [], returns_to: null };
  };
  return { ...wide, bars: [...alone, ...last], ribbons: last.map((one, place) => to(one, middle + place * one.height)) };
}

test("a layer of one account is on the first screen of a high picture", () => {
  const plan = placed(fan(150), 1000, READ_SCALE, 600);
  assert.ok(plan.size.height > 2_000);
  for (const column of plan.columns) {
    const first = column[0];
    assert.ok(first && first.y >= 0 && first.y < 300, `${first?.bar.node_id} is at ${first?.y}`);
  }
  const ribbon = plan.gaps[2]?.[0];
  assert.ok(ribbon && ribbon.y0 === ribbon.from.y, "a ribbon begins at its bar");
  const small = fan(3);
  assert.deepEqual(placed(small, 1000, READ_SCALE, 600), placed(small, 1000, READ_SCALE));
});

test("the whole picture fits into the height of its room", () => {
  const large = trail(5, 300, 1);
  assert.ok(placed(large, 1000, wholeScale(large, 500)).size.height <= 501);
  assert.ok(placed(large, 1000, READ_SCALE).size.height > 4_000);
});

test("a point is found on a bar, on a ribbon, and on nothing", () => {
  const plan = placed(trail(3, 2, 1), 800, READ_SCALE);
  const [first] = plan.columns[1] ?? [];
  assert.ok(first);
  assert.equal(at(plan, first.x + 2, first.y + 3), first);
  const ribbon = plan.gaps[1]?.[0];
  assert.ok(ribbon);
  const x = (ribbon.x0 + ribbon.x1) / 2;
  assert.equal(at(plan, x, upperEdge(ribbon, x) + ribbon.height / 2), ribbon);
  assert.equal(upperEdge(ribbon, ribbon.x0), ribbon.y0);
  assert.equal(at(plan, x, plan.size.height + 50), null);
});

test("arrows lead along the money, and up and down in a layer", () => {
  const plan = placed(trail(3, 3, 1), 800, READ_SCALE);
  assert.equal(next(plan, null, "ArrowRight")?.bar.node_id, "1:0");
  assert.equal(next(plan, "1:0", "ArrowRight")?.bar.node_id, "2:0");
  assert.equal(next(plan, "2:0", "ArrowRight")?.bar.node_id, "2:0");
  assert.equal(next(plan, "2:0", "ArrowLeft")?.bar.node_id, "1:0");
  assert.equal(next(plan, "1:0", "ArrowDown")?.bar.node_id, "1:1");
  assert.equal(next(plan, "1:1", "ArrowUp")?.bar.node_id, "1:0");
  assert.equal(next(plan, "1:0", "End")?.bar.node_id, "1:2");
});

test("money that came back names the earlier bar", () => {
  const plan = placed(trail(3, 3, 1), 800, READ_SCALE);
  assert.deepEqual(
    plan.gaps.flat().filter((one) => one.back).map((one) => one.back?.bar.node_id),
    ["0:0"],
  );
});

test("every bar of a trail of 36,000 transfers, folded by the server, is placed and found", () => {
  const plan = placed(trail(22, 300, 2), 1000, READ_SCALE);
  assert.equal(plan.bars.size, 6_600);
  // How long it takes is measured by `goldenhour bench console`.
  for (const bar of plan.bars.values()) assert.equal(at(plan, bar.x + 2, bar.y + bar.height / 2), bar);
});

test("the name of a bank is cut to its place, and short where little of it fits", () => {
  const label = { name: "Punjab National Bank", short: "PUNB", end: " ••4471", sum: "₹70,000" };
  const widthOf = (text: string): number => text.length;
  assert.equal(fitted(label, 27, widthOf), "Punjab National Bank ••4471");
  assert.equal(fitted(label, 26, widthOf), "Punjab National Ba… ••4471");
  assert.equal(fitted(label, 17, widthOf), "PUNB ••4471");
  assert.equal(fitted({ ...label, short: "", end: "" }, 5, widthOf), "Punjab National Bank");
});
