/** What stands around each page: header, drill banner, state of the stream, messages, palette and overlay of keys. */

import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { type ReactNode, Suspense, useEffect, useState } from "react";

import { useStream } from "../api/stream.ts";
import { type Command, useCommand } from "../keys/commands.ts";
import { useKeptFocus } from "../parts/keptFocus.ts";
import { KeyMark } from "../parts/KeyMark.tsx";
import { fetchLater, later } from "../parts/later.tsx";
import { Messages } from "../parts/Messages.tsx";
import { LoadingState } from "../parts/states.tsx";
import { useNow } from "../text/clock.ts";
import { fullText, momentText, timeText } from "../text/moments.ts";
import { Account } from "./Account.tsx";
import { Bell } from "./Bell.tsx";
import { pageCommands, shell, shellCommands } from "./commands.ts";
import { type Page, PAGES, pagesOf } from "./pages.ts";
import { useSession, useSessionEnd } from "./session.ts";

const Palette = later(() => import("../keys/Palette.tsx"));
const KeyOverlay = later(() => import("../keys/KeyOverlay.tsx"));
const Find = later(() => import("./Find.tsx"));
const SignedOut = later(() => import("./SignedOut.tsx"));

type Open = "palette" | "keys" | "find" | null;

export function Shell(): ReactNode {
  const t = shell.use();
  const session = useSession();
  const ended = useSessionEnd();
  const { pathname } = useLocation();
  const page = PAGES.find((one) => one.routes.some((route) => pathname.startsWith(beginning(route.path))));
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  useCommand(shellCommands.palette, () => setOpen("palette"));
  useCommand(shellCommands.keys, () => setOpen("keys"));
  useCommand(shellCommands.find, () => setOpen("find"));
  useEffect(fetchLater, []);
  useKeptFocus();
  useEffect(() => {
    document.title = page ? `${t(`nav.${page.name}`)} · goldenhour` : "goldenhour";
  }, [page, t]);
  return (
    <>
      <a className="skip" href="#main">
        {t("skip")}
      </a>
      <header className="shell">
        <span className="who">
          goldenhour<small>{t("state")}</small>
        </span>
        <nav aria-label={t("nav")}>
          {pagesOf(session.roles).map((one) => (
            <PageLink key={one.name} page={one} isCurrent={one === page} />
          ))}
        </nav>
        <button type="button" className="find" onClick={() => setOpen("find")}>
          <span className="cut">{t("find")}</span>
          <KeyMark command={shellCommands.find} />
        </button>
        <button type="button" className="plain off" onClick={() => setOpen("palette")}>
          <KeyMark command={shellCommands.palette} /> {t("commands")}
        </button>
        <button type="button" className="plain off" onClick={() => setOpen("keys")}>
          <KeyMark command={shellCommands.keys} /> {t("keys")}
        </button>
        <Live />
        {session.actions.includes("own_task") && <Bell />}
        <Account />
      </header>
      {session.is_drill && <p className="drill">{t("drill")}</p>}
      <StaleBand />
      <div id="main" tabIndex={-1} className="page">
        <Suspense fallback={<LoadingState />}>
          <Outlet />
        </Suspense>
      </div>
      <Messages />
      {open === "palette" && <Palette close={close} />}
      {open === "keys" && <KeyOverlay close={close} />}
      {open === "find" && <Find close={close} />}
      {ended !== null && <SignedOut since={ended} />}
    </>
  );
}

/** The part of a path before its first parameter. */
function beginning(path: string): string {
  return path.split("/$")[0] ?? path;
}

function PageLink({ page, isCurrent }: { page: Page; isCurrent: boolean }): ReactNode {
  const t = shell.use();
  const navigate = useNavigate();
  const to = page.routes[0]?.path ?? "/";
  const command = pageCommands.get(page.name) as Command;
  useCommand(command, () => void navigate({ to }));
  return (
    <Link to={to} aria-current={isCurrent ? "page" : undefined}>
      {t(`nav.${page.name}`)}
    </Link>
  );
}

/** The time of the server, and whether the page is told of changes. */
function Live(): ReactNode {
  const t = shell.use();
  const now = useNow();
  const { state } = useStream();
  return (
    <span className="live" title={fullText(now)}>
      <span className={state === "live" ? "dot" : "dot off"} aria-hidden="true" />
      {t(`stream.${state}`)} <span className="mono">{timeText(now)}</span> IST
    </span>
  );
}

/** A band above the page while the stream is broken, since when, because what is shown may be old. */
function StaleBand(): ReactNode {
  const t = shell.use();
  const now = useNow();
  const { state, since } = useStream();
  if (state !== "broken" || since === null) return null;
  return (
    <p className="stale" role="status">
      {t("stale", { at: momentText(since, now) })}
    </p>
  );
}
