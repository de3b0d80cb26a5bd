/** Drawing of the money trail on a canvas. Only what is seen is drawn, so a large trail costs no more than a small one. */

import { LETTERS } from "../../../parts/money.tsx";
import {
  BAR_WIDTH,
  fitted,
  HEAD,
  type Label,
  type Plan,
  type PlacedBar,
  type PlacedRibbon,
  type Share,
  STAY_WIDTH,
} from "./geometry.ts";

export interface Colours {
  readonly paper: string;
  readonly ink: string;
  readonly ink2: string;
  readonly focus: string;
  readonly accent: string;
  /** colour and ink of each bucket, by its letter */
  readonly bucket: Readonly<Record<string, readonly [string, string]>>;
  readonly font: string;
}

export interface Labels {
  readonly head: (layer: number) => string;
  readonly bar: (bar: PlacedBar) => Label;
}

export interface View {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const LETTER_LEAST = 13;
const LABEL_LEAST = 13;
const LABEL_GAP = 8;
const NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(LETTERS).map(([bucket, letter]) => [letter, bucket.replace("_", "-")]),
);

/** Read the colours of the theme from the page. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return {
    paper: value("--paper"),
    ink: value("--ink"),
    ink2: value("--ink-2"),
    focus: value("--focus"),
    accent: value("--accent"),
    bucket: Object.fromEntries(
      Object.entries(NAMES).map(([letter, name]) => [letter, [value(`--b-${name}`), value(`--o-${name}`)]]),
    ),
    font: style.fontFamily,
  };
}

export class Painter {
  readonly #ink: CanvasRenderingContext2D;
  readonly #colours: Colours;
  readonly #labels: Labels;

  constructor(ink: CanvasRenderingContext2D, colours: Colours, labels: Labels) {
    this.#ink = ink;
    this.#colours = colours;
    this.#labels = labels;
  }

  paint(plan: Plan, view: View, selected: string | null, isFocused: boolean): void {
    const ink = this.#ink;
    ink.fillStyle = this.#colours.paper;
    ink.fillRect(0, 0, view.width, view.height);
    ink.save();
    ink.translate(-view.x, -view.y);
    ink.textBaseline = "middle";
    const chosen = selected === null ? undefined : plan.bars.get(selected);
    const seen = plan.gaps.flat().filter((one) => isSeen(one, view));
    for (const one of seen) this.#ribbon(one, chosen !== undefined && one.from !== chosen && one.to !== chosen);
    for (const one of seen) if (one.back) this.#back(one, one.back);
    for (const column of plan.columns) {
      for (const one of column) if (inView(one, view)) this.#bar(one);
    }
    plan.columns.forEach((column, index) => {
      const right = (plan.x[index + 1] ?? plan.size.width) - LABEL_GAP;
      for (const one of column) {
        if (inView(one, view) && (one.room >= LABEL_LEAST || one === chosen)) this.#label(one, right);
      }
    });
    if (chosen) this.#ring(chosen, isFocused);
    ink.restore();
    this.#heads(plan, view);
  }

  /** A ribbon in bands, by where its money is now. */
  #ribbon(one: PlacedRibbon, isFaint: boolean): void {
    const ink = this.#ink;
    let [a, b] = [one.y0, one.y1];
    for (const band of one.ribbon.bands) {
      const height = (one.height * band.paise) / Math.max(one.ribbon.paise, 1);
      const [colour, onColour] = this.#colours.bucket[band.letter] ?? [this.#colours.ink2, this.#colours.paper];
      ink.globalAlpha = isFaint ? 0.22 : 0.55;
      ink.fillStyle = colour;
      path(ink, one.x0, a, one.x1, b, Math.max(height, 0.6));
      ink.fill();
      ink.globalAlpha = 1;
      if (height >= LETTER_LEAST && !isFaint) this.#letter(band.letter, one.x1 - 12, b + height / 2, colour, onColour);
      a += height;
      b += height;
    }
  }

  /** Money that came back to an account of its own way: dashed, because it is counted once. */
  #back(one: PlacedRibbon, to: PlacedBar): void {
    const ink = this.#ink;
    const [x, y] = [one.to.x + BAR_WIDTH + STAY_WIDTH, one.to.y + one.to.height / 2];
    const [endX, endY] = [to.x - 2, to.y + to.height / 2];
    ink.strokeStyle = this.#colours.ink2;
    ink.lineWidth = 1.5;
    ink.setLineDash([5, 4]);
    ink.beginPath();
    ink.moveTo(x, y);
    ink.bezierCurveTo(x + 46, y + 60, endX - 60, endY + 80, endX, endY);
    ink.stroke();
    ink.setLineDash([]);
    ink.fillStyle = this.#colours.ink2;
    ink.beginPath();
    ink.moveTo(endX, endY);
    ink.lineTo(endX - 8, endY - 1);
    ink.lineTo(endX - 4, endY + 7);
    ink.fill();
  }

  /** What came in, and beside it what stayed there. */
  #bar(one: PlacedBar): void {
    const ink = this.#ink;
    ink.fillStyle = this.#colours.ink;
    ink.fillRect(one.x, one.y, BAR_WIDTH, one.height);
    let bottom = one.y + one.height;
    for (const stay of [...one.bar.stays].reverse()) {
      const height = (one.height * stay.paise) / Math.max(one.bar.paise, 1);
      bottom -= height;
      this.#stay(stay, one, bottom, height);
    }
  }

  #stay(stay: Share, one: PlacedBar, top: number, height: number): void {
    const [colour, onColour] = this.#colours.bucket[stay.letter] ?? [this.#colours.ink2, this.#colours.paper];
    this.#ink.fillStyle = colour;
    this.#ink.fillRect(one.x + BAR_WIDTH, top, STAY_WIDTH, Math.max(height, 1));
    if (height >= LETTER_LEAST || (one.bar.stays.length === 1 && one.room >= LABEL_LEAST)) {
      this.#letter(stay.letter, one.x + BAR_WIDTH + STAY_WIDTH / 2, top + height / 2, colour, onColour);
    }
  }

  #letter(letter: string, x: number, y: number, colour: string, onColour: string): void {
    const ink = this.#ink;
    ink.fillStyle = colour;
    ink.fillRect(x - 7, y - 7, 14, 14);
    ink.fillStyle = onColour;
    ink.font = `700 12px ${this.#colours.font}`;
    ink.textAlign = "center";
    ink.fillText(letter, x, y + 0.5);
    ink.textAlign = "left";
  }

  #label(one: PlacedBar, right: number): void {
    const ink = this.#ink;
    const label = this.#labels.bar(one);
    const { sum } = label;
    const stays = one.bar.stays.length > 0;
    const x = one.x + BAR_WIDTH + (stays ? STAY_WIDTH : 0) + 9;
    ink.font = `700 12px ${this.#colours.font}`;
    const room = right - x - ink.measureText(` ${sum}`).width;
    ink.font = `500 12px ${this.#colours.font}`;
    const name = fitted(label, room, (text) => ink.measureText(text).width);
    const y = one.y + one.height / 2;
    ink.lineWidth = 4;
    ink.lineJoin = "round";
    ink.strokeStyle = this.#colours.paper;
    ink.globalAlpha = 0.85;
    const width = ink.measureText(`${name} `).width;
    ink.strokeText(name, x, y);
    ink.font = `700 12px ${this.#colours.font}`;
    ink.strokeText(sum, x + width, y);
    ink.globalAlpha = 1;
    ink.fillStyle = this.#colours.ink;
    ink.fillText(sum, x + width, y);
    ink.font = `500 12px ${this.#colours.font}`;
    ink.fillStyle = one.bar.folded > 0 ? this.#colours.accent : this.#colours.ink;
    ink.fillText(name, x, y);
  }

  #ring(one: PlacedBar, isFocused: boolean): void {
    const ink = this.#ink;
    ink.strokeStyle = this.#colours.focus;
    ink.lineWidth = isFocused ? 3 : 2;
    ink.strokeRect(one.x - 4, one.y - 4, BAR_WIDTH + STAY_WIDTH + 8, one.height + 8);
  }

  /** The names and sums of the layers stay above what is scrolled. */
  #heads(plan: Plan, view: View): void {
    const ink = this.#ink;
    ink.fillStyle = this.#colours.paper;
    ink.fillRect(0, 0, view.width, HEAD - 4);
    ink.fillStyle = this.#colours.ink2;
    ink.font = `400 12px ${this.#colours.font}`;
    plan.picture.layers.forEach((layer, index) => {
      ink.fillText(this.#labels.head(layer.layer), (plan.x[index] ?? 0) - view.x, 10);
    });
  }
}

function path(ink: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number, height: number): void {
  const middle = (x0 + x1) / 2;
  ink.beginPath();
  ink.moveTo(x0, y0);
  ink.bezierCurveTo(middle, y0, middle, y1, x1, y1);
  ink.lineTo(x1, y1 + height);
  ink.bezierCurveTo(middle, y1 + height, middle, y0 + height, x0, y0 + height);
  ink.closePath();
}

function inView(one: PlacedBar, view: View): boolean {
  return (
    one.y < view.y + view.height && one.y + one.height > view.y && one.x < view.x + view.width && one.x > view.x - 240
  );
}

function isSeen(one: PlacedRibbon, view: View): boolean {
  const top = Math.min(one.y0, one.y1);
  const bottom = Math.max(one.y0, one.y1) + one.height;
  return top < view.y + view.height && bottom > view.y && one.x0 < view.x + view.width && one.x1 > view.x;
}
