/** The cases behind a number, in a dialog; more are read when they are asked for. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { Modal } from "../../parts/Modal.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { glanceText } from "../../text/spans.ts";
import { type Behind, queryOf } from "./behind.ts";
import { Files } from "./Files.tsx";
import { supervisor } from "./text.ts";

export function Cases({ behind, close }: { behind: Behind; close: () => void }): ReactNode {
  const t = supervisor.use();
  const found = useInfiniteQuery({
    queryKey: ["figures", "cases", behind],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => {
      const query = { ...queryOf(behind), ...(pageParam !== null && { after: pageParam }) };
      return ok(api.GET("/api/v1/figures/cases", { params: { query } })) as Promise<Schemas["StageCasePage"]>;
    },
    getNextPageParam: (page) => page.next,
  });
  const cases = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Modal title={`${t(`stage.${behind.stage}`)}${behind.name ? ` · ${behind.name}` : ""}`} close={close} className="wide">
      {found.error !== null && <ErrorState error={found.error} reset={() => void found.refetch()} />}
      {found.isPending && <LoadingState />}
      {found.isSuccess && cases.length === 0 && <EmptyState>{t("no_cases")}</EmptyState>}
      {cases.length > 0 && <Files table={{ of: "cases", behind }} name={t("cases")} />}
      {cases.length > 0 && (
        <div className="figures-scroll" role="region" aria-label={t("cases")} tabIndex={0}>
          <CaseTable cases={cases} />
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

/** Cases with their time in the stage. The case's page has the rest. */
export function CaseTable({ cases, hasStage = false }: { cases: readonly Schemas["StageCase"][]; hasStage?: boolean }): ReactNode {
  const t = supervisor.use();
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">{t("case")}</th>
          {hasStage && <th scope="col">{t("stage")}</th>}
          <th scope="col" className="num">{t("took")}</th>
          <th scope="col">{t("bank")}</th>
          <th scope="col">{t("officer")}</th>
          <th scope="col">{t("began")}</th>
          <th scope="col">{t("due")}</th>
        </tr>
      </thead>
      <tbody>
        {cases.map((one) => (
          <tr key={`${one.stage} ${one.subject}`}>
            <td>
              <Link className="mono" to="/case/$ackNo" params={{ ackNo: one.case_ack_no }}>
                {one.case_ack_no}
              </Link>
            </td>
            {hasStage && <td>{t(`stage.${one.stage}`)}</td>}
            <td className="num">{glanceText(one.seconds, t.language)}</td>
            <td>{one.institution_name ?? one.institution ?? "–"}</td>
            <td>{one.officer_name ?? "–"}</td>
            <td>
              <Moment at={Date.parse(one.began_at)} />
            </td>
            <td>{one.due_at === null ? "–" : <Moment at={Date.parse(one.due_at)} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
