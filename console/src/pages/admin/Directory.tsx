/** The directory of banks: found by name, IFSC or handle, each with its channels and whom to call now. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Finder } from "./Finder.tsx";
import { Frame } from "./Frame.tsx";
import { KeyRequests } from "./KeyRequests.tsx";
import { banks, useSettled } from "./reads.ts";
import { admin, named } from "./text.ts";

export default function Directory(): ReactNode {
  const t = admin.use();
  const [text, setText] = useState("");
  const query = useInfiniteQuery({ ...banks(useSettled(text.trim())), placeholderData: (before) => before });
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Frame section="directory">
      <section className="panel" aria-labelledby="h-directory">
        <header className="wraps">
          <h1 id="h-directory">{t("section.directory")}</h1>
          <Finder label={t("find_bank")} text={text} change={setText} />
        </header>
        {query.error !== null && <ErrorState error={query.error} reset={() => void query.refetch()} />}
        {query.isPending && <LoadingState />}
        <KeyRequests asked={query.data?.pages[0]?.key_requests ?? []} namesBank />
        {query.isSuccess && found.length === 0 && <EmptyState>{t("no_bank_found")}</EmptyState>}
        {found.length > 0 && (
          <div className="admin-scroll" role="region" aria-labelledby="h-directory" tabIndex={0}>
            <table className="grid">
              <thead>
                <tr>
                  <th scope="col">{t("bank")}</th>
                  <th scope="col">{t("kind")}</th>
                  <th scope="col">{t("answer_class")}</th>
                  <th scope="col">{t("channels")}</th>
                  <th scope="col">{t("call_now")}</th>
                  <th scope="col">{t("sponsor")}</th>
                </tr>
              </thead>
              <tbody>
                {found.map((one) => {
                  const officer = one.nodal_officers[0];
                  return (
                    <tr key={one.code}>
                      <th scope="row">
                        <Link to="/directory/$code" params={{ code: one.code }}>
                          {one.name}
                        </Link>{" "}
                        <span className="mono mut">{one.code}</span>
                      </th>
                      <td>{named(t, "kind", one.kind)}</td>
                      <td>{named(t, "answers", one.answer_class)}</td>
                      <td>{one.channels.map((kind) => named(t, "channel", kind)).join(" → ") || <b className="warn">{t("by_telephone")}</b>}</td>
                      <td>
                        {officer === undefined ? (
                          <span className="mut">{t("no_nodal_officer")}</span>
                        ) : (
                          <>
                            {officer.name || officer.role || officer.email} <span className="mono">{officer.mobile}</span>{" "}
                            {!officer.on_duty && <span className="chip">{t("off_duty")}</span>}
                          </>
                        )}
                      </td>
                      <td className="mono">{one.sponsor ?? "–"}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
        {query.hasNextPage && (
          <button type="button" className="btn admin-more" onClick={() => void query.fetchNextPage()}>
            {t("more")}
          </button>
        )}
      </section>
    </Frame>
  );
}
