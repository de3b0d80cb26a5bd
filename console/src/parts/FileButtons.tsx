/** A table as a file: CSV or XLSX, which the server writes with every row. */

import type { ReactNode } from "react";

import { asFile, type FileRequest, type Format, FORMATS, save } from "../api/files.ts";
import { useVerb, type Verb } from "../api/verb.ts";
import { parts } from "./catalogue.ts";

/** Get a table as a file, and let the browser keep it. The name has no ending. */
export function useDownload(name: string, get: (how: FileRequest) => Promise<Blob>): Verb<Format, Blob> {
  return useVerb({
    run: (format: Format) => get(asFile(format)),
    done: (file, format) => save(file, `${name}.${format}`),
  });
}

export function FileButtons({
  name,
  of,
  get,
  isPushed = false,
}: {
  /** of the file, without its ending */
  name: string;
  /** which table, for readers */
  of: string;
  get: (how: FileRequest) => Promise<Blob>;
  /** whether the buttons stand at the end of their row */
  isPushed?: boolean;
}): ReactNode {
  const t = parts.use();
  const download = useDownload(name, get);
  return (
    <span className={isPushed ? "row push" : "row files"}>
      {FORMATS.map((format) => (
        <button
          key={format}
          type="button"
          className="btn"
          disabled={download.isRunning}
          aria-label={t("file_of", { table: of, format: format.toUpperCase() })}
          onClick={() => download.act(format)}
        >
          {format.toUpperCase()}
        </button>
      ))}
    </span>
  );
}
