import type { ReactNode } from "react";

/** A part of a page, with its own title and what may be done there. */
export function Part({ title, id, tools, children }: { title: string; id: string; tools?: ReactNode; children: ReactNode }): ReactNode {
  return (
    <section className="admin-part" aria-labelledby={id}>
      <div className="row wrap">
        <h3 id={id}>{title}</h3>
        {tools !== undefined && <span className="push row wrap">{tools}</span>}
      </div>
      {children}
    </section>
  );
}

/** 2026-12-01 as 01-12-2026 */
export function dayOf(iso: string): string {
  return iso.split("-").reverse().join("-");
}
