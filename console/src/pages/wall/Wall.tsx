/** The supervisor's wall: six subjects that are read from five metres, for weeks, on a screen without a keyboard. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";

import "./wall.css";

import { api, type Schemas } from "../../api/client.ts";
import { ok, problemOf } from "../../api/problem.ts";
import { ErrorState } from "../../parts/states.tsx";
import { serverNow, useNow } from "../../text/clock.ts";
import { Banks } from "./Banks.tsx";
import { Districts } from "./Districts.tsx";
import { Funnel } from "./Funnel.tsx";
import { Heading } from "./Heading.tsx";
import { Hours } from "./Hours.tsx";
import { LatePanel } from "./LatePanel.tsx";
import { lateCount } from "./late.ts";
import { Placement } from "./Placement.tsx";
import { isTimeToReload } from "./quiet.ts";
import { Teams } from "./Teams.tsx";
import { wall } from "./text.ts";
import { Today } from "./Today.tsx";

const READ_EACH_MS = 2_000;
/** Figures without a newer word for this time are old, and the wall says so: two reads did not come back. */
const STALE_MS = 4_500;

const loadedAt = serverNow();

export default function Wall(): ReactNode {
  const t = wall.use();
  const { data, error, refetch } = useQuery({
    queryKey: ["wall"],
    queryFn: () => ok(api.GET("/api/v1/wall")),
    // A display has no stream of an officer, so it asks. The server reads each part once, however many ask.
    // A browser that may not read the wall does not ask again by itself, because each try would empty the form.
    refetchInterval: ({ state }) => (isRefused(state.error) ? false : READ_EACH_MS),
    refetchIntervalInBackground: true,
    retry: false,
    staleTime: 0,
  });
  useEffect(() => {
    document.title = `${t("desk")} · goldenhour`;
  }, [t]);
  const status = error === null ? 0 : problemOf(error).status;
  if (status === 401) return <Placement done={() => void refetch()} />;
  if (status === 403) return <ErrorState error={error} reset={() => void refetch()} />;
  return <Figures figures={data ?? null} />;
}

function isRefused(error: unknown): boolean {
  return error !== null && [401, 403].includes(problemOf(error).status);
}

/** The frame is there from the start, with dashes; old figures stay when there are no new ones. */
function Figures({ figures }: { figures: Schemas["Wall"] | null }): ReactNode {
  const asOf = figures === null ? null : Date.parse(figures.current.as_of);
  const isStale = useStale(asOf);
  useReload(figures === null ? 0 : lateCount(figures.current.breaches), isStale);
  return (
    <main ref={takeLostFocus} tabIndex={-1} className="wall" data-stale={isStale || undefined}>
      <Heading day={figures?.current.today.day ?? null} asOf={asOf} isStale={isStale} />
      <Today today={figures?.current.today ?? null} />
      <Funnel weeks={figures?.weeks ?? null} />
      <Hours recent={figures?.recent ?? null} />
      <LatePanel breaches={figures?.current.breaches ?? null} />
      <Districts recent={figures?.recent ?? null} />
      <Banks recent={figures?.recent ?? null} />
      <Teams current={figures?.current ?? null} />
    </main>
  );
}

/** Keys go on here when the form that had them is gone. */
function takeLostFocus(main: HTMLElement | null): void {
  if (document.activeElement === document.body) main?.focus({ preventScroll: true });
}

/** Whether no newer word came for too long; before the first word, since the page was loaded. */
function useStale(asOf: number | null): boolean {
  return useNow() - (asOf ?? loadedAt) > STALE_MS;
}

/** Load the page again in a quiet minute of the hour. */
function useReload(late: number, isStale: boolean): void {
  const now = useNow();
  // The page began at 0 of this clock.
  const age = performance.now();
  const [before, setBefore] = useState({ late, alarmAge: 0 });
  if (late !== before.late) setBefore({ late, alarmAge: late > before.late ? age : before.alarmAge });
  useEffect(() => {
    if (isTimeToReload(now, age, age - before.alarmAge, isStale)) location.reload();
  }, [now, age, before.alarmAge, isStale]);
}
