/** Who changed what, the newest first: the person, the second person, and what was before and after. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { fieldText, Value } from "./ChangeTable.tsx";
import { type ChangeFilter, changes, type Done } from "./reads.ts";
import { Subject } from "./Subject.tsx";
import { actorText, admin, named } from "./text.ts";

export function ChangeList({ filter, isShort = false }: { filter: ChangeFilter; isShort?: boolean }): ReactNode {
  const t = admin.use();
  const query = useInfiniteQuery({ ...changes(filter), placeholderData: (before) => before });
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  if (query.error) return <ErrorState error={query.error} reset={() => void query.refetch()} />;
  if (query.isPending) return <LoadingState />;
  if (found.length === 0) return isShort ? <p className="mut sm">{t("no_changes")}</p> : <EmptyState>{t("no_changes")}</EmptyState>;
  return (
    <>
      <div className="admin-scroll" role="region" aria-label={t("changes_title")} tabIndex={0}>
        <table className="grid top log" aria-busy={query.isPlaceholderData}>
          <thead>
            <tr>
              <th scope="col">{t("when")}</th>
              <th scope="col">{t("what")}</th>
              {!isShort && <th scope="col">{t("subject")}</th>}
              <th scope="col">{t("by")}</th>
              <th scope="col">{t("what_changed")}</th>
            </tr>
          </thead>
          <tbody>
            {found.map((one, place) => (
              <tr key={`${one.at} ${place}`}>
                <td>
                  <Moment at={Date.parse(one.at)} />
                </td>
                <th scope="row">{named(t, "done", one.kind)}</th>
                {!isShort && (
                  <td>
                    <Subject kind={one.kind} subject={one.subject} />
                  </td>
                )}
                <td>
                  <By change={one} />
                </td>
                <td>
                  <Facts change={one} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {query.hasNextPage && (
        <button type="button" className="btn admin-more" onClick={() => void query.fetchNextPage()}>
          {t("more")}
        </button>
      )}
    </>
  );
}

/** Who did it; where two did, both. */
function By({ change }: { change: Done }): ReactNode {
  const t = admin.use();
  return (
    <>
      {actorText(t, change.actor)}
      {change.second !== null && (
        <>
          {" "}
          + {actorText(t, change.second)}
        </>
      )}
      {change.proposal_id !== null && (
        <>
          {" "}
          <Link to="/changes" search={{ proposal: change.proposal_id }}>
            {t("proposal_of", { number: change.proposal_id })}
          </Link>
        </>
      )}
    </>
  );
}

function Facts({ change }: { change: Done }): ReactNode {
  const t = admin.use();
  return (
    <>
      {change.changes.map((one) => (
        <span key={one.field} className="admin-fact">
          {fieldText(t, one.field)}: <Value change={one} kind="before" /> → <Value change={one} kind="after" />
        </span>
      ))}
      {change.reason !== null && <span className="admin-fact mut">{change.reason}</span>}
    </>
  );
}
