/** The cases behind a sum of money, in a dialog: those with the most money first. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { parts } from "../../parts/catalogue.ts";
import { Modal } from "../../parts/Modal.tsx";
import { Rupees } from "../../parts/money.tsx";
import { useDistrictName } from "../../parts/names.ts";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import type { BehindSum } from "./behind.ts";
import { Files } from "./Files.tsx";
import { supervisor } from "./text.ts";

/** Figures with a name of this page. The others are buckets of the ledger, whose names every page shares. */
const OWN_NAMES = ["complaints", "all", "lost", "ever_held"] as const;
type OwnName = (typeof OWN_NAMES)[number];

export function SumCases({ sum, close }: { sum: BehindSum; close: () => void }): ReactNode {
  const t = supervisor.use();
  const named = parts.use();
  const found = useInfiniteQuery({
    queryKey: ["figures", "sum", sum],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => {
      const query = { figure: sum.figure, ...sum.scope, ...(pageParam !== null && { after: pageParam }) };
      return ok(api.GET("/api/v1/figures/money-cases", { params: { query } })) as Promise<Schemas["MoneyCasePage"]>;
    },
    getNextPageParam: (page) => page.next,
  });
  const cases = found.data?.pages.flatMap((page) => page.items) ?? [];
  const own = OWN_NAMES.find((one) => one === sum.figure);
  const name = own === undefined ? named(`bucket.${sum.figure as Exclude<typeof sum.figure, OwnName>}`) : t(`sum.${own}`);
  const nameOf = useDistrictName();
  const place = sum.scope.district === undefined ? "" : ` · ${nameOf(sum.scope.district)}`;
  return (
    <Modal title={`${name} · ${t.count("days", sum.days)}${place}`} close={close} className="wide">
      {found.error !== null && <ErrorState error={found.error} reset={() => void found.refetch()} />}
      {found.isPending && <LoadingState />}
      {found.isSuccess && cases.length === 0 && <EmptyState>{t("no_cases")}</EmptyState>}
      {cases.length > 0 && <Files table={{ of: "sum", sum }} name={t("cases")} />}
      {cases.length > 0 && (
        <div className="figures-scroll" role="region" aria-label={t("cases")} tabIndex={0}>
          <SumTable cases={cases} hasComplaints={sum.figure === "complaints"} />
        </div>
      )}
      <div className="row wrap">
        {found.hasNextPage && (
          <button type="button" className="btn" disabled={found.isFetching} onClick={() => void found.fetchNextPage()}>
            {t("more")}
          </button>
        )}
        <button type="button" className="btn" onClick={close}>
          {t("close")}
        </button>
      </div>
    </Modal>
  );
}

function SumTable({ cases, hasComplaints }: { cases: readonly Schemas["MoneyCase"][]; hasComplaints: boolean }): ReactNode {
  const t = supervisor.use();
  const nameOf = useDistrictName();
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">{t("case")}</th>
          <th scope="col" className="num">{t("sum")}</th>
          <th scope="col">{t("district")}</th>
          <th scope="col">{t("officer")}</th>
          <th scope="col">{t("opened")}</th>
          {hasComplaints && <th scope="col" className="num">{t("complaints")}</th>}
        </tr>
      </thead>
      <tbody>
        {cases.map((one) => (
          <tr key={one.case_ack_no}>
            <td>
              <Link className="mono" to="/case/$ackNo" params={{ ackNo: one.case_ack_no }}>
                {one.case_ack_no}
              </Link>
            </td>
            <td className="num">
              <Rupees paise={one.paise} />
            </td>
            <td>{nameOf(one.district)}</td>
            <td>{one.officer_name ?? "–"}</td>
            <td>
              <Moment at={Date.parse(one.opened_at)} />
            </td>
            {hasComplaints && <td className="num">{one.complaints}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
