/**
 * Places of the money trail on the screen, from the server's layout. Pure.
 *
 * The server says the order and the heights, in units. Here they become pixels, and a point becomes a bar or a ribbon.
 */

import type { Schemas } from "../../../api/client.ts";

export type Picture = Schemas["TrailPicture"];
export type Bar = Schemas["TrailBar"];
export type Ribbon = Schemas["TrailRibbon"];
export type Share = Schemas["BucketShare"];

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface PlacedBar {
  readonly bar: Bar;
  readonly x: number;
  readonly y: number;
  readonly height: number;
  /** space to the next bar below, for a label */
  readonly room: number;
}

export interface PlacedRibbon {
  readonly ribbon: Ribbon;
  readonly from: PlacedBar;
  readonly to: PlacedBar;
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly height: number;
  readonly back: PlacedBar | null;
}

export interface Plan {
  readonly picture: Picture;
  readonly size: Size;
  readonly columns: readonly (readonly PlacedBar[])[];
  /** by the layer that they lead to */
  readonly gaps: readonly (readonly PlacedRibbon[])[];
  readonly bars: ReadonlyMap<string, PlacedBar>;
  readonly x: readonly number[];
}

export const BAR_WIDTH = 4;
export const STAY_WIDTH = 17;
export const HEAD = 24;
const COLUMN_LEAST = 176;
const LAST_COLUMN = 190;
const LEFT = 6;
const FOOT = 14;
/** what the first bar of a layer is below the headings at the least, for its label */
const TOP_UNITS = 2_500;
/** pixels of a unit at which the label of the smallest bar can be read */
export const READ_SCALE = 0.0034;

/** Return the scale at which the whole picture is as high as the room. */
export function wholeScale(picture: Picture, height: number): number {
  return Math.min(READ_SCALE, Math.max(height - HEAD - FOOT, 40) / Math.max(picture.height, 1));
}

/** Return how high a picture is at this scale, in pixels. */
export function heightOf(picture: Picture, scale: number): number {
  return Math.ceil(HEAD + picture.height * scale + FOOT);
}

/**
 * Place a picture in a room of this width, at this scale. A trail with many layers becomes wider than the room.
 *
 * The server places a layer in the middle of the highest one. A layer that is lower than the room of this height stands
 * in the middle of the room, and a higher one at its top, so that every layer begins on the first screen.
 */
export function placed(picture: Picture, width: number, scale: number, height = Infinity): Plan {
  const layers = Math.max(picture.layers.length, 1);
  const step = layers > 1 ? Math.max(COLUMN_LEAST, (width - LAST_COLUMN - LEFT) / (layers - 1)) : 0;
  const x = picture.layers.map((_, index) => LEFT + index * step);
  const rises = risesOf(picture, Math.max((height - HEAD - FOOT) / scale, 0));
  const rise = (bar: Bar): number => rises.get(bar.layer) ?? 0;
  const columnOf = new Map(picture.layers.map((layer, index) => [layer.layer, index]));
  const columns: PlacedBar[][] = picture.layers.map(() => []);
  const bars = new Map<string, PlacedBar>();
  for (const bar of picture.bars) {
    const column = columnOf.get(bar.layer);
    if (column === undefined) continue;
    const y = HEAD + (bar.top - rise(bar)) * scale;
    const one = { bar, x: x[column] ?? 0, y, height: Math.max(bar.height * scale, 1), room: 0 };
    columns[column]?.push(one);
  }
  for (const column of columns) {
    column.sort((one, other) => one.y - other.y);
    column.forEach((one, index) => {
      const next = column[index + 1];
      const before = column[index - 1];
      const middle = one.y + one.height / 2;
      const below = next ? next.y + next.height / 2 - middle : 40;
      const above = before ? middle - before.y - before.height / 2 : 40;
      const whole = { ...one, room: Math.min(above, below) };
      column[index] = whole;
      bars.set(one.bar.node_id, whole);
    });
  }
  const gaps: PlacedRibbon[][] = picture.layers.map(() => []);
  for (const ribbon of picture.ribbons) {
    const from = bars.get(ribbon.from_node);
    const to = bars.get(ribbon.to_node);
    if (from === undefined || to === undefined) continue;
    gaps[columnOf.get(to.bar.layer) ?? 0]?.push({
      ribbon,
      from,
      to,
      x0: from.x + BAR_WIDTH,
      x1: to.x,
      y0: HEAD + (ribbon.from_top - rise(from.bar)) * scale,
      y1: HEAD + (ribbon.to_top - rise(to.bar)) * scale,
      height: ribbon.height * scale,
      back: ribbon.returns_to === null ? null : (bars.get(ribbon.returns_to) ?? null),
    });
  }
  const size = {
    width: Math.ceil(Math.max(width, (x.at(-1) ?? 0) + LAST_COLUMN)),
    height: heightOf(picture, scale),
  };
  return { picture, size, columns, gaps, bars, x };
}

/** Return by how many units each layer stands higher in a room of this height than the server places it. */
function risesOf(picture: Picture, room: number): ReadonlyMap<number, number> {
  const tops = new Map<number, number>();
  for (const bar of picture.bars) tops.set(bar.layer, Math.min(tops.get(bar.layer) ?? Infinity, bar.top));
  const rises = new Map<number, number>();
  for (const [layer, top] of tops) {
    const own = picture.height - 2 * top;
    const higher = Math.max((Math.min(room, picture.height) - own) / 2, TOP_UNITS);
    rises.set(layer, Math.max(top - higher, 0));
  }
  return rises;
}

/** The share of a ribbon's way, from 0 to 1, at which it has come this far to the right. */
function wayAt(share: number): number {
  let low = 0;
  let high = 1;
  for (let turn = 0; turn < 20; turn += 1) {
    const middle = (low + high) / 2;
    if (1.5 * middle * (1 - middle) + middle ** 3 < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The upper edge of a ribbon at a place between its bars. */
export function upperEdge(ribbon: PlacedRibbon, x: number): number {
  const way = wayAt((x - ribbon.x0) / Math.max(ribbon.x1 - ribbon.x0, 1));
  const turned = way * way * (3 - 2 * way);
  return ribbon.y0 + (ribbon.y1 - ribbon.y0) * turned;
}

const REACH = 4;

/** Return the bar at a point, which is found by halving its column. */
function barAt(column: readonly PlacedBar[], x: number, y: number): PlacedBar | null {
  const first = column[0];
  if (!first || x < first.x - REACH || x > first.x + BAR_WIDTH + STAY_WIDTH + REACH) return null;
  let low = 0;
  let high = column.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((column[middle]?.y ?? 0) - REACH <= y) low = middle;
    else high = middle - 1;
  }
  const one = column[low];
  return one && y >= one.y - REACH && y <= one.y + one.height + REACH ? one : null;
}

/** Return what is drawn at a point of the plan. Only one column, or the ribbons into one, are looked at. */
export function at(plan: Plan, x: number, y: number): PlacedBar | PlacedRibbon | null {
  for (let index = 0; index < plan.columns.length; index += 1) {
    const bar = barAt(plan.columns[index] ?? [], x, y);
    if (bar) return bar;
  }
  const column = plan.x.findIndex((one) => one > x);
  const gap = plan.gaps[column] ?? [];
  for (let index = gap.length - 1; index >= 0; index -= 1) {
    const one = gap[index];
    if (!one) continue;
    const top = upperEdge(one, x);
    if (y >= top - 1 && y <= top + Math.max(one.height, 2)) return one;
  }
  return null;
}

export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" | "Home" | "End";

/** Return the bar that an arrow key leads to: along the most money, or up and down in the layer. */
export function next(plan: Plan, from: string | null, arrow: Arrow): PlacedBar | null {
  const here = from === null ? undefined : plan.bars.get(from);
  if (here === undefined) return plan.columns[1]?.[0] ?? plan.columns[0]?.[0] ?? null;
  const column = plan.columns.find((one) => one.includes(here)) ?? [];
  const place = column.indexOf(here);
  if (arrow === "Home") return column[0] ?? here;
  if (arrow === "End") return column.at(-1) ?? here;
  if (arrow === "ArrowUp") return column[place - 1] ?? here;
  if (arrow === "ArrowDown") return column[place + 1] ?? here;
  const ribbons = plan.gaps.flat().filter((one) => (arrow === "ArrowRight" ? one.from : one.to) === here);
  const most = ribbons.sort((one, other) => other.ribbon.paise - one.ribbon.paise)[0];
  if (!most) return here;
  return arrow === "ArrowRight" ? most.to : most.from;
}

export interface Label {
  readonly name: string;
  /** what stands in a place that is too narrow for the name */
  readonly short: string;
  /** what follows the name and is never cut */
  readonly end: string;
  readonly sum: string;
}

/** A name of which fewer letters fit says less than its short form. */
const LETTERS_LEAST = 10;

/** Return the name of a label as far as it fits, with what follows it; its short form where little of it fits. */
export function fitted({ name, short, end }: Label, room: number, widthOf: (text: string) => number): string {
  const whole = `${name}${end}`;
  if (short === "" || widthOf(whole) <= room) return whole;
  for (let letters = name.length - 1; letters >= LETTERS_LEAST; letters -= 1) {
    const cut = `${name.slice(0, letters).trimEnd()}…${end}`;
    if (widthOf(cut) <= room) return cut;
  }
  return `${short.length > LETTERS_LEAST ? `${short.slice(0, LETTERS_LEAST)}…` : short}${end}`;
}
