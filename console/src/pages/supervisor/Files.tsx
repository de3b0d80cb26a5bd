import type { ReactNode } from "react";

import { type Table, useDownload } from "./tables.ts";
import { supervisor } from "./text.ts";

/** The buttons that keep a table as a file. `name` says to a screen reader which table it is. */
export function Files({ table, name }: { table: Table; name: string }): ReactNode {
  const t = supervisor.use();
  const download = useDownload();
  return (
    <span className="push row">
      {(["csv", "xlsx"] as const).map((format) => (
        <button
          key={format}
          type="button"
          className="btn"
          disabled={download.isRunning}
          aria-label={t("as_file", { name, format: format.toUpperCase() })}
          onClick={() => download.act({ table, format })}
        >
          {format.toUpperCase()}
        </button>
      ))}
    </span>
  );
}
