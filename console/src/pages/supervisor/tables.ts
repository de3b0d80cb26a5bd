/** Tables as files: the same rows that the page shows, made by the server. */

import { api } from "../../api/client.ts";
import type { FileRequest } from "../../api/files.ts";
import { ok } from "../../api/problem.ts";
import type { Group, Scope, TreatmentGroup } from "./asked.ts";
import { type Behind, type BehindSum, queryOf } from "./behind.ts";

export type Table =
  | { readonly of: "stages"; readonly scope: Scope; readonly by: Group }
  | { readonly of: "load"; readonly scope: Scope }
  | { readonly of: "treatment"; readonly scope: Scope; readonly by: TreatmentGroup }
  | { readonly of: "breaches"; readonly district: string | null }
  | { readonly of: "cases"; readonly behind: Behind }
  | { readonly of: "sum"; readonly sum: BehindSum };

/** Get a table as a file. */
export async function fileOf(table: Table, how: FileRequest): Promise<Blob> {
  switch (table.of) {
    case "stages":
      return ok<Blob>(api.GET("/api/v1/figures/stages", { ...how, params: { query: { ...table.scope, by: table.by } } }));
    case "load":
      return ok<Blob>(api.GET("/api/v1/figures/load", { ...how, params: { query: table.scope } }));
    case "treatment":
      return ok<Blob>(api.GET("/api/v1/figures/treatment", { ...how, params: { query: { ...table.scope, by: table.by } } }));
    case "breaches": {
      const query = table.district === null ? {} : { district: table.district };
      return ok<Blob>(api.GET("/api/v1/figures/breaches", { ...how, params: { query } }));
    }
    case "sum":
      return ok<Blob>(api.GET("/api/v1/figures/money-cases", { ...how, params: { query: { figure: table.sum.figure, ...table.sum.scope } } }));
    case "cases":
      return ok<Blob>(api.GET("/api/v1/figures/cases", { ...how, params: { query: queryOf(table.behind) } }));
  }
}

/** The name of a file: what it has, and since when. */
export function nameOf(table: Table): string {
  switch (table.of) {
    case "stages":
      return `stages-by-${table.by}-from-${table.scope.from}`;
    case "load":
      return `officers-load-from-${table.scope.from}`;
    case "treatment":
      return `treatment-by-${table.by}-from-${table.scope.from}`;
    case "breaches":
      return "over-the-limit-now";
    case "sum":
      return `cases-${table.sum.figure}-from-${table.sum.scope.from}`;
    case "cases":
      return `cases-of-${table.behind.stage}-from-${table.behind.scope.from}`;
  }
}
