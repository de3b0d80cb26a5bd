/** The states of a page that shows nothing yet, nothing at all, or an error. */

import { useRouter } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";

import { problemOf } from "../api/problem.ts";
import { parts } from "./catalogue.ts";
import { MissingCode } from "./fetchCode.ts";
import { Why } from "./SaidText.tsx";

const LATE_MS = 5000;

/** It loads; after five seconds it says that the server has not answered yet. */
export function LoadingState(): ReactNode {
  const t = parts.use();
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p className="state" role="status">
      {isLate ? t("loading.late") : t("loading")}
    </p>
  );
}

/** Nothing to show: what that means, and what comes next. */
export function EmptyState({ children }: { children: ReactNode }): ReactNode {
  return <p className="state">{children}</p>;
}

export function NotFoundState(): ReactNode {
  const t = parts.use();
  return <p className="state">{t("not_found")}</p>;
}

/** Why it failed, and a button that tries again. */
export function ErrorState({ error, reset }: { error: unknown; reset?: () => void }): ReactNode {
  const t = parts.use();
  const router = useRouter();
  const problem = problemOf(error);
  const again = (): void => {
    if (error instanceof MissingCode) {
      location.reload();
      return;
    }
    reset?.();
    void router.invalidate();
  };
  return (
    <div className="state" role="alert">
      <p className="b">
        <Why of={problem} />
      </p>
      {problem.requestId && <p className="xs mut">{t("request", { id: problem.requestId })}</p>}
      <button type="button" className="btn first" onClick={again}>
        {t("again")}
      </button>
    </div>
  );
}
