/** Today's money by bucket, the last weeks, and the map of the State: the panels of the wall, to look closer at. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useCallback } from "react";

import "../wall/wall.css";

import { serverNow } from "../../text/clock.ts";
import { ErrorState } from "../../parts/states.tsx";
import { Districts } from "../wall/Districts.tsx";
import { Funnel } from "../wall/Funnel.tsx";
import { Today } from "../wall/Today.tsx";
import { firstDayOf } from "./asked.ts";
import type { BehindSum, Figure } from "./behind.ts";
import { OfDistrict } from "./OfDistrict.tsx";
import { overview } from "./reads.ts";

/** A tile of the map chooses its district for all figures below; the chosen one takes the choice back. */
export function Overview({
  district,
  choose,
  show,
}: {
  district: string | null;
  choose: (district: string | null) => void;
  show: (sum: BehindSum) => void;
}): ReactNode {
  const { data = null, error, refetch } = useQuery(overview);
  // The panels are drawn again only for other figures, so what they get stays the same.
  const showToday = useCallback(
    (figure: Figure) => show({ figure, scope: { from: firstDayOf(serverNow(), 1) }, days: 1 }),
    [show],
  );
  const showWeeks = useCallback(
    (figure: Figure, days: number) => show({ figure, scope: { from: firstDayOf(serverNow(), days) }, days }),
    [show],
  );
  if (error !== null && data === null) return <ErrorState error={error} reset={() => void refetch()} />;
  const chosen = data?.recent.districts.find((one) => one.code === district);
  return (
    <div className="wall on-desk">
      <Today today={data?.current.today ?? null} open={showToday} />
      <Funnel weeks={data?.weeks ?? null} open={showWeeks} />
      <Districts
        recent={data?.recent ?? null}
        chosen={district}
        choose={(code) => choose(code === district ? null : code)}
      />
      {chosen && <OfDistrict district={chosen} show={show} />}
    </div>
  );
}
