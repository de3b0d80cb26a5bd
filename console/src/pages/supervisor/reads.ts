/** Reads of the page, and its address. */

import { queryOptions } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { type Asked, askedOf, type Group, type Scope, searchOf, type TreatmentGroup } from "./asked.ts";

/** Figures of now change by themselves, and no event tells of each. The server makes them every two seconds. */
const NOW_EVERY_MS = 15_000;
const BREACHES_SHOWN = 50;

export function useAsked(): readonly [Asked, (changes: Partial<Asked>) => void] {
  const asked = askedOf(useSearch({ strict: false }) as Record<string, unknown>);
  const navigate = useNavigate();
  return [
    asked,
    (changes) => void navigate({ to: "/supervisor", search: searchOf({ ...asked, ...changes }) as never, replace: true }),
  ];
}

/** The figures of stages in a period; grouped, or the total alone. */
export const stages = (scope: Scope, by: Group | null) =>
  queryOptions({
    queryKey: ["figures", "stages", scope, by],
    queryFn: () =>
      // Without a word of the caller the answer is JSON, never a table.
      ok(
        api.GET("/api/v1/figures/stages", { params: { query: by === null ? scope : { ...scope, by } } }),
      ) as Promise<Schemas["StageReport"]>,
  });

export const load = (scope: Scope) =>
  queryOptions({
    queryKey: ["figures", "load", scope],
    queryFn: () => ok(api.GET("/api/v1/figures/load", { params: { query: scope } })) as Promise<Schemas["LoadReport"]>,
  });

/** What victims answered of how they were treated; no case stands behind an answer. */
export const treatment = (scope: Scope, by: TreatmentGroup) =>
  queryOptions({
    queryKey: ["figures", "treatment", scope, by],
    queryFn: () =>
      ok(api.GET("/api/v1/figures/treatment", { params: { query: { ...scope, by } } })) as Promise<Schemas["TreatmentReport"]>,
  });

export const breaches = (district: string | null) =>
  queryOptions({
    queryKey: ["figures", "breaches", district],
    queryFn: () => {
      const query = { limit: BREACHES_SHOWN, ...(district !== null && { district }) };
      return ok(api.GET("/api/v1/figures/breaches", { params: { query } })) as Promise<Schemas["BreachPage"]>;
    },
  });

/** The figures of the wall: today, the last weeks, and the districts. */
export const overview = queryOptions({
  queryKey: ["wall"],
  queryFn: () => ok(api.GET("/api/v1/wall")),
  refetchInterval: NOW_EVERY_MS,
});
