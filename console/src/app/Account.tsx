/** Who is signed in: language, theme and sign-out. */

import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";

import { type Command, useCommand } from "../keys/commands.ts";
import { KeyMark } from "../parts/KeyMark.tsx";
import { setLanguage, useLanguage } from "../text/language.ts";
import { pageCommands, shell, shellCommands } from "./commands.ts";
import { useSession, useSignOut } from "./session.ts";
import { setTheme, useTheme } from "./theme.ts";

export function Account(): ReactNode {
  const t = shell.use();
  const session = useSession();
  const signOut = useSignOut();
  const language = useLanguage();
  const theme = useTheme();
  const navigate = useNavigate();
  const other = language === "en" ? "hi" : "en";
  const otherTheme = theme === "light" ? "dark" : "light";
  useCommand(shellCommands.language, () => setLanguage(other));
  useCommand(shellCommands.theme, () => setTheme(otherTheme));
  const notices = pageCommands.get("notices") as Command;
  const hasNotices = session.actions.includes("own_task");
  const openNotices = (): void => void navigate({ to: "/notices" });
  useCommand(notices, openNotices, hasNotices);
  return (
    <MenuTrigger>
      <Button className="plain account">
        {session.name} <span aria-hidden="true">▾</span>
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" aria-label={t("account")}>
          <MenuItem onAction={() => setLanguage(other)}>
            <span lang={other}>{t("other_language")}</span>
            <KeyMark command={shellCommands.language} />
          </MenuItem>
          <MenuItem onAction={() => setTheme(otherTheme)}>
            {t(`theme.${otherTheme}`)}
            <KeyMark command={shellCommands.theme} />
          </MenuItem>
          {hasNotices && (
            <MenuItem onAction={openNotices}>
              {t("nav.notices")}
              <KeyMark command={notices} />
            </MenuItem>
          )}
          <MenuItem href="/sign-in">{t("sessions")}</MenuItem>
          <MenuItem onAction={() => void signOut()}>{t("sign_out")}</MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
