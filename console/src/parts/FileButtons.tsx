/** A table as a file: CSV or XLSX, which the server writes with every row. */

import type { ReactNode } from "react";

import { asFile, type FileRequest, type Format, FORMATS, save } from "../api/files.ts";
import { useVerb } from "../api/verb.ts";
import { parts } from "./catalogue.ts";

export function FileButtons({
  name,
  of,
  get,
}: {
  /** of the file, without its ending */
  name: string;
  /** which table, for readers */
  of: string;
  get: (how: FileRequest) => Promise<Blob>;
}): ReactNode {
  const t = parts.use();
  const verb = useVerb({
    run: (format: Format) => get(asFile(format)),
    done: (file, format) => save(file, `${name}.${format}`),
  });
  return (
    <span className="row files">
      {FORMATS.map((format) => (
        <button
          key={format}
          type="button"
          className="btn"
          disabled={verb.isRunning}
          aria-label={t("file_of", { table: of, format: format.toUpperCase() })}
          onClick={() => verb.act(format)}
        >
          {format.toUpperCase()}
        </button>
      ))}
    </span>
  );
}
