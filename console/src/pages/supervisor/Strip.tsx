import type { ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";

const WIDTH = 200;
const HEIGHT = 20;
const LEAST_SECONDS = 1;
const MOST_SECONDS = 40 * 86_400;
const MARKS = [60, 3600, 86_400];

function x(seconds: number): number {
  const within = Math.min(Math.max(seconds, LEAST_SECONDS), MOST_SECONDS);
  return 6 + ((WIDTH - 12) * Math.log(within / LEAST_SECONDS)) / Math.log(MOST_SECONDS / LEAST_SECONDS);
}

/** A dot where half are done, a bar to 95 of 100, a tick at 99 of 100, and the target, on one scale of ratios. The numbers stand beside it. */
export function Strip({
  seconds,
  target,
  isLate,
}: {
  seconds: Schemas["Percentiles"];
  target: number | null;
  isLate: boolean;
}): ReactNode {
  const { p50_seconds: p50, p95_seconds: p95, p99_seconds: p99 } = seconds;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="strip" data-late={isLate || undefined} aria-hidden="true">
      {MARKS.map((mark) => (
        <line key={mark} x1={x(mark)} x2={x(mark)} y1={0} y2={HEIGHT} className="strip-mark" />
      ))}
      {p50 != null && p95 != null && <rect x={x(p50)} y={7} width={Math.max(1, x(p95) - x(p50))} height={6} />}
      {p50 != null && <circle cx={x(p50)} cy={10} r={4.5} />}
      {p99 != null && <line x1={x(p99)} x2={x(p99)} y1={4} y2={16} className="strip-p99" />}
      {target !== null && <line x1={x(target)} x2={x(target)} y1={1} y2={19} className="strip-target" />}
    </svg>
  );
}
