/** The policy in force by section, a proposal of other values, and what changed between two versions. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { adminCommands } from "./commands.ts";
import { Finder } from "./Finder.tsx";
import { Frame } from "./Frame.tsx";
import { EditValue, type Edits, ProposePolicy } from "./PolicyForm.tsx";
import { keyIn, sectionOf, unitOf, valueText, writtenValue } from "./policyValues.ts";
import { PolicyVersions } from "./PolicyVersions.tsx";
import { policy, useIsAdmin } from "./reads.ts";
import { admin, named } from "./text.ts";

type Value = Schemas["PolicyValue"];

export default function Policy(): ReactNode {
  const t = admin.use();
  const isAdmin = useIsAdmin();
  const [text, setText] = useState("");
  const [edits, setEdits] = useState<Edits>({});
  const [isProposing, setIsProposing] = useState(false);
  const [made, setMade] = useState(0);
  const query = useQuery(policy);
  const count = Object.keys(edits).length;
  const edit = (name: string, typed: string | null): void => {
    const { [name]: _, ...others } = edits;
    setEdits(typed === null ? others : { ...others, [name]: typed });
  };
  return (
    <Frame section="policy">
      <section className="panel" aria-labelledby="h-policy">
        <header className="wraps">
          <h1 id="h-policy">{t("section.policy")}</h1>
          {query.data && <span className="chip">{t("version", { version: query.data.version })}</span>}
          <Finder label={t("find_value")} text={text} change={setText} />
          {isAdmin && <span className="mut sm">{t("policy_rule")}</span>}
          {isAdmin && (
            <CommandButton command={adminCommands.add} run={() => setIsProposing(true)} isDisabled={count === 0} className="btn push">
              {count === 0 ? t("propose_values") : t.count("propose_values_of", count)}
            </CommandButton>
          )}
        </header>
        {query.data?.agreed_version != null && query.data.agreed_version !== query.data.version && (
          <p className="note warn">{t("agreed_version", { version: query.data.agreed_version })}</p>
        )}
        {query.error !== null && <ErrorState error={query.error} reset={() => void query.refetch()} />}
        {query.isPending && <LoadingState />}
        {query.data && <Sections key={made} values={query.data.values} text={text} edits={edits} edit={isAdmin ? edit : null} />}
      </section>
      {query.data && <PolicyVersions current={query.data.version} />}
      {isProposing && query.data && (
        <ProposePolicy
          values={query.data.values}
          edits={edits}
          close={() => setIsProposing(false)}
          proposed={() => {
            // What was typed is proposed, and would else be proposed once more.
            setEdits({});
            setMade(made + 1);
          }}
        />
      )}
    </Frame>
  );
}

function Sections({
  values,
  text,
  edits,
  edit,
}: {
  values: readonly Value[];
  text: string;
  edits: Edits;
  edit: ((name: string, typed: string | null) => void) | null;
}): ReactNode {
  const t = admin.use();
  const sought = text.trim().toLowerCase();
  const nameOf = (section: string): string => named(t, "policy_section", section);
  const fitting = values.filter((one) => `${nameOf(sectionOf(one.name))} ${one.name} ${one.source}`.toLowerCase().includes(sought));
  const sections = [...new Set(fitting.map((one) => sectionOf(one.name)))];
  if (sections.length === 0) return <EmptyState>{t("no_value_found")}</EmptyState>;
  return sections.map((section) => {
    const own = fitting.filter((one) => sectionOf(one.name) === section);
    const changed = own.filter((one) => one.name in edits).length;
    return (
      <details key={section} className="admin-section" open={sought !== "" || changed > 0 || undefined}>
        <summary>
          <b>{nameOf(section)}</b> <span className="mono mut sm">{section}</span>{" "}
          <span className="mut sm">{t.count("values", own.length)}</span>
          {changed > 0 && <span className="chip acc">{t.count("edited", changed)}</span>}
        </summary>
        <ValueTable values={own} edits={edits} edit={edit} />
      </details>
    );
  });
}

function ValueTable({
  values,
  edits,
  edit,
}: {
  values: readonly Value[];
  edits: Edits;
  edit: ((name: string, typed: string | null) => void) | null;
}): ReactNode {
  const t = admin.use();
  return (
    <table className="grid top policy">
      <thead>
        <tr>
          <th scope="col">{t("key")}</th>
          <th scope="col">{t("value")}</th>
          <th scope="col">{t("source")}</th>
        </tr>
      </thead>
      <tbody>
        {values.map((one, place) => (
          <tr key={one.name}>
            <th scope="row" className="mono">
              {keyIn(one.name)}
              {one.needs_restart && <span className="block mut xs">{t("needs_restart")}</span>}
            </th>
            <td>
              {edit !== null ? (
                <EditValue value={one} typed={edits[one.name]} edit={(typed) => edit(one.name, typed)} />
              ) : (
                <ShownValue value={one} />
              )}
            </td>
            <td className="mut">{values[place - 1]?.source === one.source ? "″" : one.source}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ShownValue({ value }: { value: Value }): ReactNode {
  const t = admin.use();
  const unit = unitOf(value.name);
  return (
    <span title={unit === "none" ? undefined : `${writtenValue(value.value)} ${t(`unit.${unit}`)}`}>
      {valueText(value.name, value.value, t.language)}
    </span>
  );
}
