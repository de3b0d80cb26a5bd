/** What each officer has open now and since when, and what each closed in the period. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { pagesOf } from "../../app/pages.ts";
import { useSession } from "../../app/session.ts";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { glanceText } from "../../text/spans.ts";
import type { Scope } from "./asked.ts";
import { load } from "./reads.ts";
import { supervisor } from "./text.ts";

export function Load({ scope }: { scope: Scope }): ReactNode {
  const t = supervisor.use();
  const found = useQuery(load(scope));
  const hasDesk = pagesOf(useSession().roles).some((one) => one.name === "desk");
  if (found.error) return <ErrorState error={found.error} reset={() => void found.refetch()} />;
  if (found.data === undefined) return <LoadingState />;
  if (found.data.items.length === 0) return <EmptyState>{t("no_load")}</EmptyState>;
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">{t("officer")}</th>
          <th scope="col" className="num">{t("tasks_now")}</th>
          <th scope="col">{t("oldest")}</th>
          <th scope="col" className="num">{t("cases_io")}</th>
          <th scope="col" className="num">{t("cases_supervised")}</th>
          <th scope="col" className="num">{t("steps_open")}</th>
          <th scope="col" className="num">{t("steps_late")}</th>
          <th scope="col" className="num">{t("closed")}</th>
          <th scope="col" className="num">{t("closed_median")}</th>
        </tr>
      </thead>
      <tbody>
        {found.data.items.map((one) => (
          <tr key={one.officer}>
            <th scope="row" className="mono">{one.officer}</th>
            <td className="num">
              {hasDesk && (one.tasks_owned ?? 0) > 0 ? (
                <Link
                  className="btn link"
                  to="/desk"
                  search={{ owner: one.officer } as never}
                  aria-label={t("open_items_of", { count: one.tasks_owned ?? 0, officer: one.officer })}
                >
                  {one.tasks_owned}
                </Link>
              ) : (
                one.tasks_owned
              )}
            </td>
            <td>{one.oldest_owned_since ? <Moment at={Date.parse(one.oldest_owned_since)} /> : "–"}</td>
            <td className="num">{one.cases_as_io}</td>
            <td className="num">{one.cases_supervised}</td>
            <td className="num">{one.steps_open}</td>
            <td className={one.steps_late ? "num bad b" : "num"}>{one.steps_late}</td>
            <td className="num">{one.tasks?.count ?? 0}</td>
            <td className="num">{one.tasks?.p50_seconds == null ? "–" : glanceText(one.tasks.p50_seconds, t.language)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
