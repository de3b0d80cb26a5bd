/** Who is signed in, and the keys for language and theme. The menu has the same acts and the sign-out. */

import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { type Command, useCommand } from "../keys/commands.ts";
import { later } from "../parts/later.tsx";
import { setLanguage, useLanguage } from "../text/language.ts";
import { pageCommands, shellCommands } from "./commands.ts";
import { useOpener } from "./opener.ts";
import { useSession } from "./session.ts";
import { setTheme, useTheme } from "./theme.ts";

const AccountMenu = later(() => import("./AccountMenu.tsx"));

export function Account(): ReactNode {
  const session = useSession();
  const language = useLanguage();
  const theme = useTheme();
  const navigate = useNavigate();
  const { isOpen, below, button } = useOpener("menu");
  const changeLanguage = (): void => setLanguage(language === "en" ? "hi" : "en");
  const changeTheme = (): void => setTheme(theme === "light" ? "dark" : "light");
  useCommand(shellCommands.language, changeLanguage);
  useCommand(shellCommands.theme, changeTheme);
  const hasNotices = session.actions.includes("own_task");
  const openNotices = (): void => void navigate({ to: "/notices" });
  useCommand(pageCommands.get("notices") as Command, openNotices, hasNotices);
  return (
    <>
      <button {...button} className="plain account">
        {session.name} <span aria-hidden="true">▾</span>
      </button>
      {isOpen && (
        <AccountMenu
          {...below}
          changeLanguage={changeLanguage}
          changeTheme={changeTheme}
          openNotices={hasNotices ? openNotices : null}
        />
      )}
    </>
  );
}
