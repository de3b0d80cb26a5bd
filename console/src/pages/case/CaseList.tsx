/** The list of cases, the newest first. */

import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useSession } from "../../app/session.ts";
import { Rupees } from "../../parts/money.tsx";
import { EmptyState, ErrorState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { caseText, worded } from "./text.ts";
import "./case.css";

type State = Schemas["CaseState"] | null;

const STATES: readonly State[] = [null, "open", "settled"];
const AT_ONCE = 50;

const casesOf = (state: State) =>
  infiniteQueryOptions({
    queryKey: ["cases", state],
    queryFn: ({ pageParam }) =>
      ok(api.GET("/api/v1/cases", { params: { query: { state, after: pageParam, limit: AT_ONCE } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export default function CaseList(): ReactNode {
  const t = caseText.use();
  const { actions } = useSession();
  if (actions.includes("read_trail")) return <AllCases />;
  return (
    <main className="cases">
      <section className="panel" aria-labelledby="h-cases">
        <header>
          <h1 id="h-cases">{t("cases")}</h1>
        </header>
        <EmptyState>{t("cases.find")}</EmptyState>
      </section>
    </main>
  );
}

function AllCases(): ReactNode {
  const t = caseText.use();
  const [state, setState] = useState<State>(null);
  const query = useInfiniteQuery(casesOf(state));
  const cases = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <main className="cases">
      <section className="panel" aria-labelledby="h-cases">
        <header>
          <h1 id="h-cases">{t("cases")}</h1>
          <span className="seg" role="group" aria-label={t("cases.state")}>
            {STATES.map((one) => (
              <button
                key={one ?? "all"}
                type="button"
                className="seg-part"
                aria-pressed={one === state}
                data-selected={one === state || undefined}
                onClick={() => setState(one)}
              >
                {t(one === null ? "cases.all" : `state.${one}`)}
              </button>
            ))}
          </span>
        </header>
        {query.error !== null && <ErrorState error={query.error} />}
        <div className="scroll" tabIndex={0} role="region" aria-labelledby="h-cases">
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">{t("cases.number")}</th>
                <th scope="col">{t("opened")}</th>
                <th scope="col">{t("cases.category")}</th>
                <th scope="col" className="num">
                  {t("ledger.lost")}
                </th>
                <th scope="col" className="num">
                  {t("stays.in_play")}
                </th>
                <th scope="col" className="num">
                  {t("stays.held")}
                </th>
                <th scope="col" className="num">
                  {t("cases.tasks")}
                </th>
              </tr>
            </thead>
            <tbody>
              {cases.map((one) => (
                <tr key={one.case_ack_no}>
                  <td>
                    <Link to="/case/$ackNo" params={{ ackNo: one.case_ack_no }} className="mono">
                      {one.case_ack_no}
                    </Link>
                  </td>
                  <td>
                    <Moment at={Date.parse(one.opened_at)} />
                  </td>
                  <td>{worded(t, "category", one.category)}</td>
                  <td className="num">
                    <Rupees paise={Math.abs(one.buckets_paise["lost"] ?? 0)} />
                  </td>
                  <td className="num">
                    <Rupees paise={one.buckets_paise["in_play"] ?? 0} />
                  </td>
                  <td className="num">
                    <Rupees paise={one.buckets_paise["held"] ?? 0} />
                  </td>
                  <td className="num">{one.open_tasks}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <div className="more">
          <span role="status">{query.isPending ? t("cases.loading") : t.count("cases.shown", cases.length)}</span>
          {query.hasNextPage && (
            <button type="button" className="btn push" onClick={() => void query.fetchNextPage()}>
              {t("cases.more")}
            </button>
          )}
        </div>
      </section>
    </main>
  );
}
