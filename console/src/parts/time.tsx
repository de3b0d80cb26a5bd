/** Clocks that tick by the server's time, with the moment and its offset in the title. */

import type { ReactNode } from "react";

import { useNow } from "../text/clock.ts";
import { fullText, machineText, momentText, spanText, timeText } from "../text/moments.ts";

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
