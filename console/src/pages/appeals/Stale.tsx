import type { ReactNode } from "react";

import type { Problem } from "../../api/problem.ts";
import { Why } from "../../parts/SaidText.tsx";
import { appeals } from "./text.ts";

/** An act that was not done, because the file changed: why, and who did what since. */
export function Stale({ problem, children }: { problem: Problem | null; children?: ReactNode }): ReactNode {
  const t = appeals.use();
  if (problem === null) return null;
  return (
    <div className="note warn" role="alert">
      <b>{t("stale")}</b> <Why of={problem} /> {t("read_again")} {children}
    </div>
  );
}
