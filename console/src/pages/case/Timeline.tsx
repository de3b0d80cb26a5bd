/** The case log as sentences, the newest first. Idle time is one line. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { ok } from "../../api/problem.ts";
import { readerOf } from "../../api/readReason.ts";
import { FileButtons } from "../../parts/FileButtons.tsx";
import { timeText, fullText, machineText, spanText } from "../../text/moments.ts";
import { timelineOf } from "./data.ts";
import { caseText } from "./text.ts";
import { type Entry, rowsOf, type TimelineRow } from "./timeline.ts";

/** A shorter time is not worth a word beside the steps in it. */
const IDLE_LEAST_MS = 60_000;

export function Timeline({ ackNo }: { ackNo: string }): ReactNode {
  const t = caseText.use();
  const [isShort, setShort] = useState(true);
  const query = useInfiniteQuery(timelineOf(ackNo, t.language));
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="panel" aria-labelledby="h-timeline">
      <header>
        <h2 id="h-timeline" tabIndex={-1}>
          {t("timeline")}
        </h2>
        <span className="seg" role="group" aria-label={t("detail")}>
          {([true, false] as const).map((one) => (
            <button
              key={String(one)}
              type="button"
              className="seg-part"
              aria-pressed={one === isShort}
              data-selected={one === isShort || undefined}
              onClick={() => setShort(one)}
            >
              {t(one ? "timeline.short" : "timeline.all")}
            </button>
          ))}
        </span>
        <FileButtons
          name={`timeline-${ackNo}`}
          of={t("timeline")}
          get={(how) =>
            ok(
              readerOf(ackNo).GET("/api/v1/cases/{ack_no}/timeline", {
                ...how,
                params: { path: { ack_no: ackNo }, query: { language: t.language } },
              }),
            )
          }
        />
      </header>
      <ol className="tl">
        {rowsOf(entries, isShort).map((row) => (
          <Row key={keyOf(row)} row={row} />
        ))}
      </ol>
      <div className="more">
        <span role="status">{query.isPending ? t("timeline.loading") : ""}</span>
        {query.hasNextPage && (
          <button type="button" className="btn push" onClick={() => void query.fetchNextPage()}>
            {t("timeline.more")}
          </button>
        )}
      </div>
    </section>
  );
}

function keyOf(row: TimelineRow): string {
  if (row.what === "event") return String(row.entry.seq);
  return row.what === "day" ? row.day : `${row.from}-${row.to}`;
}

function Row({ row }: { row: TimelineRow }): ReactNode {
  const t = caseText.use();
  const [isOpen, setOpen] = useState(false);
  if (row.what === "day") return <li className="day b">{row.day}</li>;
  if (row.what === "event") return <Event entry={row.entry} />;
  const span = spanText(row.to - row.from);
  const isIdle = row.to - row.from >= IDLE_LEAST_MS;
  if (isOpen) return row.held.map((entry) => <Event key={entry.seq} entry={entry} />);
  return (
    <li className="gap">
      <span />
      <span>
        {isIdle && t("timeline.idle", { span })}
        {isIdle && row.held.length > 0 && ", "}
        {row.held.length > 0 && t.count("timeline.steps", row.held.length)}{" "}
        {row.held.length > 0 && (
          <button type="button" className="btn link" onClick={() => setOpen(true)}>
            {t("timeline.show")}
          </button>
        )}
      </span>
    </li>
  );
}

function Event({ entry }: { entry: Entry }): ReactNode {
  const at = Date.parse(entry.at);
  return (
    <li>
      <time dateTime={machineText(at)} title={fullText(at)}>
        {timeText(at)}
      </time>
      <span>{entry.text}</span>
    </li>
  );
}
