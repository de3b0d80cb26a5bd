/** The bell of the header: how many notices of work items the officer has not seen, and the list of them. */

import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { api } from "../api/client.ts";
import { ok } from "../api/problem.ts";
import { useTopics } from "../api/stream.ts";
import { useCommand } from "../keys/commands.ts";
import { KeyMark } from "../parts/KeyMark.tsx";
import { later } from "../parts/later.tsx";
import { shell, shellCommands } from "./commands.ts";
import { useOpener } from "./opener.ts";

const NoticeList = later(() => import("./NoticeList.tsx"));

const SHOWN = 20;
const COUNTED_TO = 99;

export const notices = queryOptions({
  queryKey: ["notices"],
  queryFn: () => ok(api.GET("/api/v1/desk/notices", { params: { query: { limit: SHOWN } } })),
});

export function Bell(): ReactNode {
  const t = shell.use();
  const client = useQueryClient();
  const { isOpen, below, open, button } = useOpener("dialog");
  const { data } = useQuery(notices);
  const unseen = data?.unseen ?? 0;
  useTopics(["queue"], (event) => {
    if (event.kind === "notice" || event.kind === "reset") void client.invalidateQueries({ queryKey: notices.queryKey });
  });
  useCommand(shellCommands.notices, open);
  return (
    <>
      <button {...button} className="plain bell">
        <span className="sr">{t.count("notices.unseen", unseen)}</span>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M8 1.5a4.2 4.2 0 0 0-4.2 4.2v2.6L2.4 11h11.2l-1.4-2.7V5.7A4.2 4.2 0 0 0 8 1.5zM6.3 12.5a1.7 1.7 0 0 0 3.4 0z" />
        </svg>
        {unseen > 0 && <span className="unseen" aria-hidden="true">{unseen > COUNTED_TO ? `${COUNTED_TO}+` : unseen}</span>}
        <span className="off">
          <KeyMark command={shellCommands.notices} />
        </span>
      </button>
      {isOpen && <NoticeList {...below} />}
    </>
  );
}
