/** Today's money by bucket, the last weeks, and the map of the State: the panels of the wall, to look closer at. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import "../wall/wall.css";

import { ErrorState } from "../../parts/states.tsx";
import { Districts } from "../wall/Districts.tsx";
import { Funnel } from "../wall/Funnel.tsx";
import { Today } from "../wall/Today.tsx";
import { overview } from "./reads.ts";

/** A tile of the map chooses its district for all figures below; the chosen one takes the choice back. */
export function Overview({
  district,
  choose,
}: {
  district: string | null;
  choose: (district: string | null) => void;
}): ReactNode {
  const { data = null, error, refetch } = useQuery(overview);
  if (error !== null && data === null) return <ErrorState error={error} reset={() => void refetch()} />;
  return (
    <div className="wall on-desk">
      <Today today={data?.current.today ?? null} />
      <Funnel weeks={data?.weeks ?? null} />
      <Districts
        recent={data?.recent ?? null}
        chosen={district}
        choose={(code) => choose(code === district ? null : code)}
      />
    </div>
  );
}
