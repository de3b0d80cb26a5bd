/** Tables as files: the same rows that the page shows, made by the server. */

import { useVerb, type Verb } from "../../api/verb.ts";
import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { save } from "../../parts/download.ts";
import type { Group } from "./asked.ts";

export type Format = "csv" | "xlsx";
export type Table = { readonly of: "stages"; readonly from: string; readonly by: Group } | { readonly of: "load"; readonly from: string };

const TYPES: Readonly<Record<Format, string>> = {
  csv: "text/csv",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

async function fetched(table: Table, format: Format): Promise<Blob> {
  const how = { headers: { Accept: TYPES[format] }, parseAs: "blob" } as const;
  return table.of === "stages"
    ? await ok<Blob>(api.GET("/api/v1/figures/stages", { ...how, params: { query: { from: table.from, by: table.by } } }))
    : await ok<Blob>(api.GET("/api/v1/figures/load", { ...how, params: { query: { from: table.from } } }));
}

/** Get a table as a file, and let the browser keep it. */
export function useDownload(): Verb<{ readonly table: Table; readonly format: Format }, Blob> {
  return useVerb({
    run: ({ table, format }: { readonly table: Table; readonly format: Format }) => fetched(table, format),
    done: (file, { table, format }) => {
      const kind = table.of === "stages" ? `stages-by-${table.by}` : "officers-load";
      save(file, `${kind}-from-${table.from}.${format}`);
    },
  });
}
