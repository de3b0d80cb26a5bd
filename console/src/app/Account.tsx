/** Who is signed in, and the keys for language and theme. The menu has the same acts and the sign-out. */

import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";

import { type Command, useCommand } from "../keys/commands.ts";
import { later } from "../parts/later.tsx";
import { setLanguage, useLanguage } from "../text/language.ts";
import { pageCommands, shellCommands } from "./commands.ts";
import { useSession } from "./session.ts";
import { setTheme, useTheme } from "./theme.ts";

const AccountMenu = later(() => import("./AccountMenu.tsx"));

export function Account(): ReactNode {
  const session = useSession();
  const language = useLanguage();
  const theme = useTheme();
  const navigate = useNavigate();
  const place = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const changeLanguage = (): void => setLanguage(language === "en" ? "hi" : "en");
  const changeTheme = (): void => setTheme(theme === "light" ? "dark" : "light");
  useCommand(shellCommands.language, changeLanguage);
  useCommand(shellCommands.theme, changeTheme);
  const hasNotices = session.actions.includes("own_task");
  const openNotices = (): void => void navigate({ to: "/notices" });
  useCommand(pageCommands.get("notices") as Command, openNotices, hasNotices);
  const press = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    setIsOpen(true);
  };
  return (
    <>
      <button
        ref={place}
        type="button"
        className="plain account"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
        onKeyDown={press}
      >
        {session.name} <span aria-hidden="true">▾</span>
      </button>
      {isOpen && (
        <AccountMenu
          place={place}
          close={() => setIsOpen(false)}
          changeLanguage={changeLanguage}
          changeTheme={changeTheme}
          openNotices={hasNotices ? openNotices : null}
        />
      )}
    </>
  );
}
