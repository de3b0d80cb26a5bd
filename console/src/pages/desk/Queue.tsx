/** The list of work items. It draws only the rows on the screen, so that thousands are as fast as ten. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useSyncExternalStore } from "react";

import { Row } from "./Row.tsx";
import { desk } from "./text.ts";
import type { Item } from "./verbs.ts";

const ROW_PX = 32;
const CARD_PX = 104;
const OVERSCAN = 8;
/** The next page is asked for while so many rows are still below the screen. */
const AHEAD = 60;

const narrow = matchMedia("(max-width: 600px)");

function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener("change", listener);
      return () => narrow.removeEventListener("change", listener);
    },
    () => narrow.matches,
  );
}

export interface QueueProps {
  readonly items: readonly Item[];
  readonly total: number | null;
  readonly current: number;
  readonly selected: ReadonlySet<number>;
  readonly isOld: boolean;
  readonly districtName: (code: string | null) => string;
  readonly choose: (index: number) => void;
  readonly select: (taskId: number) => void;
  readonly open: () => void;
  readonly needMore: () => void;
}

const COLUMNS = ["x", "sum", "since", "bank", "kind", "district", "todo", "owner", "flags"] as const;

export function Queue(props: QueueProps): ReactNode {
  const { items, total, current, selected, isOld, districtName, choose, select, open, needMore } = props;
  const t = desk.use();
  const scroll = useRef<HTMLDivElement>(null);
  const isNarrow = useIsNarrow();
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => (isNarrow ? CARD_PX : ROW_PX),
    getItemKey: (index) => items[index]?.task.task_id ?? index,
    overscan: OVERSCAN,
  });
  useEffect(() => virtual.measure(), [virtual, isNarrow]);
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (items.length > 0 && last + AHEAD >= items.length) needMore();
  }, [last, items.length, needMore]);

  const id = items[current]?.task.task_id;
  const hadFocus = useRef(false);
  useEffect(() => {
    if (id === undefined) return;
    virtual.scrollToIndex(current, { align: "auto" });
    // A row that is drawn only after the scrolling gets the focus once it is there.
    // Nothing has the focus, or what is around the queue has it because a row went away.
    const isAround = document.activeElement?.contains(scroll.current) ?? true;
    if (scroll.current?.contains(document.activeElement) || isAround || hadFocus.current) {
      hadFocus.current = true;
      const frame = requestAnimationFrame(() => {
        document.getElementById(`item-${id}`)?.focus({ preventScroll: true });
        hadFocus.current = false;
      });
      return () => cancelAnimationFrame(frame);
    }
    return undefined;
  }, [current, id, virtual]);

  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (event.key === "Enter") open();
    else if (event.key === "Home") choose(0);
    else if (event.key === "End") choose(items.length - 1);
    else if (step !== undefined) choose(Math.max(0, Math.min(items.length - 1, current + step)));
    else return;
    event.preventDefault();
  };
  return (
    <div
      className={`queue ${isOld ? "old" : ""}`}
      role="grid"
      aria-label={t("queue")}
      aria-multiselectable="true"
      aria-rowcount={(total ?? items.length) + 1}
      aria-busy={isOld}
      onKeyDown={press}
    >
      <div role="rowgroup">
        <div role="row" className="item head" aria-rowindex={1}>
          {COLUMNS.map((name) => (
            <span key={name} role="columnheader" className={`c-${name} ${/sum|since/.test(name) ? "num" : ""}`}>
              {name === "x" ? <span className="sr">{t("col.x")}</span> : t(`col.${name}`)}
            </span>
          ))}
        </div>
      </div>
      <div className="scroll" ref={scroll} role="presentation">
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {rows.map((row) => {
            const item = items[row.index];
            return (
              item && (
                <div
                  key={row.key}
                  role="presentation"
                  className="slot"
                  style={{ height: row.size, transform: `translateY(${row.start}px)` }}
                >
                  <Row
                    task={item.task}
                    readAt={item.readAt}
                    index={row.index}
                    isCurrent={row.index === current}
                    isSelected={selected.has(item.task.task_id)}
                    districtName={districtName}
                    choose={choose}
                    select={select}
                  />
                </div>
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}
