/** Tables as files: the same rows that the page shows, made by the server. */

import { api } from "../../api/client.ts";
import { asFile, type Format, save } from "../../api/files.ts";
import { ok } from "../../api/problem.ts";
import { useVerb, type Verb } from "../../api/verb.ts";
import type { Group } from "./asked.ts";

export type Table = { readonly of: "stages"; readonly from: string; readonly by: Group } | { readonly of: "load"; readonly from: string };

async function fetched(table: Table, format: Format): Promise<Blob> {
  const how = asFile(format);
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
