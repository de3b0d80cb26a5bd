/** Reads of the page, and its address. */

import { queryOptions } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { type Asked, askedOf, type Group } from "./asked.ts";

export function useAsked(): readonly [Asked, (changes: Partial<Asked>) => void] {
  const asked = askedOf(useSearch({ strict: false }) as Record<string, unknown>);
  const navigate = useNavigate();
  return [
    asked,
    (changes) => {
      const { open, ...rest } = { ...asked, ...changes };
      void navigate({ to: "/supervisor", search: open === null ? rest : { ...rest, open }, replace: true });
    },
  ];
}

/** The figures of stages since a day; grouped, or the total alone. */
export const stages = (from: string, by: Group | null) =>
  queryOptions({
    queryKey: ["figures", "stages", from, by],
    queryFn: () =>
      // Without a word of the caller the answer is JSON, never a table.
      ok(api.GET("/api/v1/figures/stages", { params: { query: by === null ? { from } : { from, by } } })) as Promise<Schemas["StageReport"]>,
  });

export const load = (from: string) =>
  queryOptions({
    queryKey: ["figures", "load", from],
    queryFn: () => ok(api.GET("/api/v1/figures/load", { params: { query: { from } } })) as Promise<Schemas["LoadReport"]>,
  });

export const breaches = queryOptions({
  queryKey: ["figures", "breaches"],
  queryFn: () => ok(api.GET("/api/v1/figures/breaches", { params: { query: { limit: 50 } } })),
});
