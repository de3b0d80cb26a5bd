/** What stands around each section: links to all of them, with the number of proposals that wait. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

import "./admin.css";

import { useCommand } from "../../keys/commands.ts";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { type Section, sectionCommands, SECTIONS } from "./commands.ts";
import { proposals } from "./reads.ts";
import { admin } from "./text.ts";

export function Frame({ section, children }: { section: Section; children: ReactNode }): ReactNode {
  const t = admin.use();
  return (
    <main className="admin">
      <nav className="admin-sections" aria-label={t("sections")}>
        {SECTIONS.map((one) => (
          <SectionLink key={one} section={one} isCurrent={one === section} />
        ))}
      </nav>
      {children}
    </main>
  );
}

function SectionLink({ section, isCurrent }: { section: Section; isCurrent: boolean }): ReactNode {
  const t = admin.use();
  const navigate = useNavigate();
  useCommand(sectionCommands[section], () => void navigate({ to: `/${section}` }));
  return (
    <Link to={`/${section}`} aria-current={isCurrent ? "page" : undefined}>
      {t(`section.${section}`)} {section === "changes" && <Waiting />}
      <KeyMark command={sectionCommands[section]} />
    </Link>
  );
}

/** How many proposals wait for an admin. */
function Waiting(): ReactNode {
  const t = admin.use();
  const { data } = useInfiniteQuery(proposals("open"));
  const count = data?.pages.reduce((sum, page) => sum + page.items.length, 0) ?? 0;
  return count === 0 ? null : <span className="chip acc">{t.count("waiting", count)}</span>;
}
