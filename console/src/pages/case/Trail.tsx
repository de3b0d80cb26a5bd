/** The money trail as a picture. The table below has the same transfers, for readers and narrow screens. */

import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";

import { useTheme } from "../../app/theme.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { BucketMark } from "../../parts/money.tsx";
import { type BankName, useBankName } from "../../parts/names.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { accountEnd } from "../../text/accountEnd.ts";
import { rupees, shortRupees } from "../../text/rupees.ts";
import { caseCommands } from "./commands.ts";
import { type Detail, LEGS, layoutOf } from "./data.ts";
import { caseText, type CaseRead } from "./text.ts";
import { coloursOf, type Labels, Painter } from "./trail/draw.ts";
import {
  type Arrow,
  at,
  type Bar,
  heightOf,
  next,
  type Picture,
  placed,
  type Plan,
  READ_SCALE,
  wholeScale,
} from "./trail/geometry.ts";

const DETAILS: readonly Detail[] = ["bank", "account", "hop"];
const ARROWS: ReadonlySet<string> = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);
const HEIGHT_MOST = 620;

function endOf(bar: Bar): string {
  const end = accountEnd(bar.holder ?? "");
  return end && ` ${end}`;
}

function barName(bar: Bar, t: CaseRead, nameOf: BankName): string {
  if (bar.folded > 0) return t.count("folded", bar.folded);
  return `${nameOf(bar.institution ?? bar.institution_as_told)}${endOf(bar)}`;
}

function labelsOf(t: CaseRead, picture: Picture, nameOf: BankName): Labels {
  const sums = new Map(picture.layers.map((layer) => [layer.layer, layer.paise]));
  return {
    head: (layer) =>
      `${layer === 0 ? t("paid_from") : t("layer", { layer })}  ${shortRupees(sums.get(layer) ?? 0, t.language)}`,
    bar: ({ bar }) => {
      const sum = shortRupees(bar.paise, t.language);
      if (bar.folded > 0) return { name: t.count("folded", bar.folded), short: "", end: "", sum };
      const told = bar.institution ?? bar.institution_as_told;
      return { name: nameOf(told), short: told, end: endOf(bar), sum };
    },
  };
}

export function Trail({
  ackNo,
  selected,
  select,
}: {
  ackNo: string;
  selected: string | null;
  select: (bar: Bar | null) => void;
}): ReactNode {
  const t = caseText.use();
  const [detail, setDetail] = useState<Detail>("account");
  const [legs, setLegs] = useState<number>(LEGS.few);
  const [isWhole, setWhole] = useState(false);
  const { data, error } = useQuery(layoutOf(ackNo, detail, legs));
  const picture = data?.picture;
  const open = (bar: Bar | null): void => {
    if (bar !== null && bar.folded > 0) setLegs(LEGS.most);
    select(bar);
  };
  const bar = picture?.bars.find((one) => one.node_id === selected) ?? null;
  return (
    <section className="panel" aria-labelledby="h-trail">
      <header className="wraps">
        <h2 id="h-trail" tabIndex={-1}>
          {t("trail")}
        </h2>
        {picture && <span className="xs mut">{trailSum(picture, t)}</span>}
        <CommandButton command={caseCommands.whole} run={() => setWhole(!isWhole)} className="btn push">
          {isWhole ? t("read_size") : t("whole_size")}
        </CommandButton>
        <span className="seg details" role="group" aria-label={t("detail")}>
          {DETAILS.map((one) => (
            <button
              key={one}
              type="button"
              className="seg-part"
              aria-pressed={one === detail}
              data-selected={one === detail || undefined}
              onClick={() => {
                setDetail(one);
                select(null);
              }}
            >
              {t(`detail.${one}`)}
            </button>
          ))}
        </span>
      </header>
      {error !== null && !picture && <ErrorState error={error} />}
      {!picture && error === null && (
        <div className="trail-wait">
          <LoadingState />
        </div>
      )}
      {picture && picture.bars.length === 0 && <p className="state">{t("trail.empty")}</p>}
      {picture && picture.bars.length > 0 && (
        <Canvas picture={picture} isWhole={isWhole} selected={selected} select={select} open={open} />
      )}
      {picture && <BarLine bar={bar} picture={picture} />}
    </section>
  );
}

function trailSum(picture: Picture, t: CaseRead): string {
  const hops = picture.layers.reduce((sum, layer) => sum + (layer.layer > 0 ? layer.hops : 0), 0);
  const layers = t.count("trail.layers", Math.max(picture.layers.length - 1, 0));
  return t("trail.sum", { hops: t.count("trail.hops", hops), layers });
}

/** The canvas is as large as what is seen, and stays there while the plan behind it is scrolled. */
function Canvas({
  picture,
  isWhole,
  selected,
  select,
  open,
}: {
  picture: Picture;
  isWhole: boolean;
  selected: string | null;
  select: (bar: Bar | null) => void;
  /** select a bar, and what a folded one stands for */
  open: (bar: Bar | null) => void;
}): ReactNode {
  const t = caseText.use();
  const theme = useTheme();
  const room = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [isFocused, setFocused] = useState(false);
  const height = Math.min(HEIGHT_MOST, heightOf(picture, READ_SCALE) + 8);
  const plan = useMemo(
    () =>
      placed(picture, Math.max(width - 16, 320), isWhole ? wholeScale(picture, height - 8) : READ_SCALE, height - 8),
    [picture, width, isWhole, height],
  );
  const nameOf = useBankName();
  const labels = useMemo(() => labelsOf(t, picture, nameOf), [t, picture, nameOf]);

  useEffect(() => {
    const element = room.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const [element, surface] = [room.current, canvas.current];
    if (element === null || surface === null || width === 0) return undefined;
    let frame = 0;
    const draw = (): void => {
      frame = 0;
      paint(surface, element, plan, labels, selected, isFocused);
    };
    const later = (): void => {
      if (frame === 0) frame = requestAnimationFrame(draw);
    };
    const print = (): void => paintWhole(surface, picture, labels);
    draw();
    element.addEventListener("scroll", later, { passive: true });
    addEventListener("beforeprint", print);
    addEventListener("afterprint", draw);
    // The fonts of the labels may come after the first drawing.
    void document.fonts.ready.then(later);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", later);
      removeEventListener("beforeprint", print);
      removeEventListener("afterprint", draw);
    };
  }, [plan, labels, selected, isFocused, width, theme, picture]);

  const point = (event: PointerEvent): readonly [number, number] => {
    const box = (canvas.current as HTMLCanvasElement).getBoundingClientRect();
    const element = room.current as HTMLDivElement;
    return [event.clientX - box.left + element.scrollLeft, event.clientY - box.top + element.scrollTop];
  };
  const pointed = (event: PointerEvent): Bar | null => {
    const found = at(plan, ...point(event));
    if (found === null) return null;
    return "bar" in found ? found.bar : found.to.bar;
  };
  /** The label of a narrow column is short, so the pointer gets the whole name. */
  const name = (event: PointerEvent): void => {
    const bar = pointed(event);
    (room.current as HTMLDivElement).title = bar === null ? "" : barName(bar, t, nameOf);
  };
  const press = (event: KeyboardEvent): void => {
    if (ARROWS.has(event.key)) {
      event.preventDefault();
      const found = next(plan, selected, event.key as Arrow);
      if (found) {
        show(room.current as HTMLDivElement, found.x, found.y, found.height);
        select(found.bar);
      }
    } else if (event.key === "Enter" && selected !== null) {
      event.preventDefault();
      open(plan.bars.get(selected)?.bar ?? null);
    } else if (event.key === "Escape") select(null);
  };
  return (
    <div
      ref={room}
      className="trail"
      role="application"
      tabIndex={0}
      aria-label={t("trail.label")}
      aria-describedby="trail-said"
      style={{ height }}
      onKeyDown={press}
      onPointerMove={name}
      onPointerUp={(event) => open(pointed(event))}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
    >
      <div style={{ width: plan.size.width, height: plan.size.height }}>
        <canvas ref={canvas} aria-hidden="true" />
      </div>
    </div>
  );
}

/** Draw what is seen. */
function paint(
  surface: HTMLCanvasElement,
  element: HTMLElement,
  plan: Plan,
  labels: Labels,
  selected: string | null,
  isFocused: boolean,
): void {
  const [width, height] = [element.clientWidth, element.clientHeight];
  const painter = painterOf(surface, width, height, labels);
  painter?.paint(plan, { x: element.scrollLeft, y: element.scrollTop, width, height }, selected, isFocused);
}

const PAPER = { width: 1000, height: 620 } as const;

/** Draw the whole trail as it goes on paper, which nothing scrolls. */
function paintWhole(surface: HTMLCanvasElement, picture: Picture, labels: Labels): void {
  const plan = placed(picture, PAPER.width, wholeScale(picture, PAPER.height));
  const { width, height } = plan.size;
  painterOf(surface, width, height, labels)?.paint(plan, { x: 0, y: 0, width, height }, null, false);
}

function painterOf(surface: HTMLCanvasElement, width: number, height: number, labels: Labels): Painter | null {
  const dots = devicePixelRatio || 1;
  surface.width = Math.round(width * dots);
  surface.height = Math.round(height * dots);
  surface.style.width = `${width}px`;
  surface.style.height = `${height}px`;
  const ink = surface.getContext("2d");
  if (ink === null) return null;
  ink.scale(dots, dots);
  return new Painter(ink, coloursOf(surface), labels);
}

/** Scroll so far that the bar is seen. */
function show(element: HTMLElement, x: number, y: number, height: number): void {
  const margin = 40;
  if (y - margin < element.scrollTop) element.scrollTop = y - margin;
  else if (y + Math.min(height, 60) + margin > element.scrollTop + element.clientHeight) {
    element.scrollTop = y + Math.min(height, 60) + margin - element.clientHeight;
  }
  if (x - margin < element.scrollLeft) element.scrollLeft = x - margin;
  else if (x + 180 > element.scrollLeft + element.clientWidth) element.scrollLeft = x + 180 - element.clientWidth;
}

/** The selected bar in words, told to readers when it changes. */
function BarLine({ bar, picture }: { bar: Bar | null; picture: Picture }): ReactNode {
  const t = caseText.use();
  const nameOf = useBankName();
  const comes = bar && picture.ribbons.filter((one) => one.to_node === bar.node_id && one.returns_to !== null);
  return (
    <div className={bar ? "sel on" : "sel"} id="trail-said" aria-live="polite">
      {bar === null && <span className="mut">{t("trail.how")}</span>}
      {bar && (
        <>
          <b>{barName(bar, t, nameOf)}</b>
          <span className="mut">{bar.layer === 0 ? t("paid_from") : t("layer", { layer: bar.layer })}</span>
          <span>{t("came_in", { sum: rupees(bar.paise) })}</span>
          {bar.stays.map((stay) => (
            <span key={stay.letter} className="row stay">
              <BucketMark bucket={stay.bucket as Exclude<typeof stay.bucket, "lost" | "proposed">} />
              {rupees(stay.paise)} {t(`stays.${stay.bucket as "held"}`)}
            </span>
          ))}
          {bar.stays.length === 0 && <span className="mut">{t("went_on")}</span>}
          {comes && comes.length > 0 && <span className="mut">{t("came_back")}</span>}
          {bar.folded > 0 && <span className="mut">{t("open_folded")}</span>}
        </>
      )}
    </div>
  );
}
