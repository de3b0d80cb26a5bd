/** Versions of the policy that two admins agreed to, and what changed between two of them. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { Choose } from "../../parts/Field.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { useNow } from "../../text/clock.ts";
import { momentText } from "../../text/moments.ts";
import { ChangeTable } from "./ChangeTable.tsx";
import { joined } from "./policyValues.ts";
import { policyVersions } from "./reads.ts";
import { actorText, admin } from "./text.ts";

export function PolicyVersions({ current }: { current: string }): ReactNode {
  const t = admin.use();
  const now = useNow();
  const query = useQuery(policyVersions);
  // The oldest first: place 0 is the file, and place n is after the first n versions.
  const versions = [...(query.data?.items ?? [])].reverse();
  const [from, setFrom] = useState<number | null>(null);
  const [to, setTo] = useState<number | null>(null);
  const last = versions.length;
  const [first, second] = [from ?? Math.max(0, last - 1), to ?? last];
  const nameOf = (number: number): string => {
    const one = versions[number - 1];
    if (one === undefined) return t("version_of_file");
    const people = [one.proposed_by, one.decided_by].map((person) => actorText(t, person)).join(" + ");
    return `${one.number} · ${momentText(Date.parse(one.agreed_at), now)} · ${people}`;
  };
  const options = Array.from({ length: last + 1 }, (_, number) => (
    <option key={number} value={number}>
      {nameOf(number)}
    </option>
  ));
  return (
    <section className="panel" aria-labelledby="h-versions">
      <header className="wraps">
        <h2 id="h-versions">{t("versions")}</h2>
        <span className="mut sm">{t("versions_rule", { version: current })}</span>
      </header>
      {query.error !== null && <ErrorState error={query.error} reset={() => void query.refetch()} />}
      {query.isPending && <LoadingState />}
      {query.isSuccess && last === 0 && <EmptyState>{t("no_versions")}</EmptyState>}
      {last > 0 && (
        <div className="admin-part">
          <div className="admin-fields long">
            <Choose label={t("from_version")} value={first} onChange={(event) => setFrom(Number(event.target.value))}>
              {options}
            </Choose>
            <Choose label={t("to_version")} value={second} onChange={(event) => setTo(Number(event.target.value))}>
              {options}
            </Choose>
          </div>
          <ChangeTable changes={difference(versions.map((one) => one.changes), first, second)} />
        </div>
      )}
    </section>
  );
}

/** What changed from one version to another, which may be the earlier one. */
function difference(
  versions: readonly (readonly { field: string; before: string | null; after: string | null }[])[],
  from: number,
  to: number,
) {
  if (from <= to) return joined(versions.slice(from, to));
  return joined(versions.slice(to, from)).map((one) => ({ ...one, before: one.after, after: one.before }));
}
