/** Clocks that tick by the server's time, with the moment and its offset in the title. */

import type { ReactNode } from "react";

import { useNow } from "../text/clock.ts";
import { dayText, fullText, machineText, minuteText, momentText, spanText, timeText } from "../text/moments.ts";
import { glanceText } from "../text/spans.ts";
import { parts } from "./catalogue.ts";

/** What is left of a deadline below this is shown as a warning. */
const SOON_MS = 86_400_000;

/** A moment: the time of today, or day and time. */
export function Moment({ at }: { at: number }): ReactNode {
  const now = useNow();
  return (
    <time className="mono nw" dateTime={machineText(at)} title={fullText(at)}>
      {momentText(at, now)}
    </time>
  );
}

/** A moment to the millisecond, where one counts. */
export function ExactMoment({ at }: { at: number }): ReactNode {
  return (
    <time className="mono nw" dateTime={machineText(at)} title={fullText(at)}>
      {timeText(at)}.{String(Math.floor(at % 1000)).padStart(3, "0")}
    </time>
  );
}

/** The time since a moment: it counts up. */
export function Since({ at }: { at: number }): ReactNode {
  const now = useNow();
  return (
    <time className="mono nw" dateTime={machineText(at)} title={fullText(at)}>
      {spanText(now - at)}
    </time>
  );
}

/** The time until a moment: it counts down to zero. */
export function Until({ at }: { at: number }): ReactNode {
  const now = useNow();
  return (
    <time className="mono nw" dateTime={machineText(at)} title={fullText(at)}>
      {spanText(at - now)}
    </time>
  );
}

/** A deadline: the time of today, else what is left; once it has passed, how long it is late. */
export function Deadline({ at }: { at: number }): ReactNode {
  const t = parts.use();
  const now = useNow();
  const left = at - now;
  const text =
    left < 0
      ? t("late_by", { span: glanceText(-left / 1000, t.language) })
      : dayText(at) === dayText(now)
        ? t("due_today", { at: minuteText(at) })
        : t("left", { span: glanceText(left / 1000, t.language) });
  const tone = left < 0 ? "bad b" : left < SOON_MS ? "warn" : "";
  return (
    <time className={`nw ${tone}`} dateTime={machineText(at)} title={fullText(at)}>
      {text}
    </time>
  );
}
