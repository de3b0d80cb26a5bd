import type { ReactNode } from "react";

import { FileButtons } from "../../parts/FileButtons.tsx";
import { fileOf, nameOf, type Table } from "./tables.ts";

/** The buttons that keep a table as a file. `name` says to a screen reader which table it is. */
export function Files({ table, name }: { table: Table; name: string }): ReactNode {
  return <FileButtons name={nameOf(table)} of={name} get={(how) => fileOf(table, how)} isPushed />;
}
