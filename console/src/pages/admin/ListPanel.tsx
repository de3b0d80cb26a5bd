/** The panel of a section that is one list: its rule, the act that adds to it, and the list or why there is none. */

import type { ReactNode } from "react";

import { CommandButton } from "../../parts/Button.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { adminCommands, type Section } from "./commands.ts";
import { admin } from "./text.ts";

interface Props {
  readonly section: Section;
  readonly rule: string;
  readonly addText: string;
  /** null for officers who may not add */
  readonly add: (() => void) | null;
  readonly query: { readonly error: unknown; readonly isPending: boolean; readonly isSuccess: boolean; readonly refetch: () => unknown };
  readonly isEmpty: boolean;
  readonly emptyText: string;
  /** the table; `h-` and the section is the id of its heading */
  readonly children: ReactNode;
}

export function ListPanel({ section, rule, addText, add, query, isEmpty, emptyText, children }: Props): ReactNode {
  const t = admin.use();
  return (
    <section className="panel" aria-labelledby={`h-${section}`}>
      <header className="wraps">
        <h1 id={`h-${section}`}>{t(`section.${section}`)}</h1>
        <span className="mut sm">{rule}</span>
        {add && (
          <CommandButton command={adminCommands.add} run={add} className="btn push">
            {addText}
          </CommandButton>
        )}
      </header>
      {query.error !== null && <ErrorState error={query.error} reset={() => void query.refetch()} />}
      {query.isPending && <LoadingState />}
      {query.isSuccess && isEmpty && <EmptyState>{emptyText}</EmptyState>}
      {!isEmpty && children}
    </section>
  );
}
