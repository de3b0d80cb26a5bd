/** The menu below the officer's name. */

import type { ReactNode } from "react";
import { Menu, MenuItem } from "react-aria-components";

import type { Command } from "../keys/commands.ts";
import { KeyMark } from "../parts/KeyMark.tsx";
import { useLanguage } from "../text/language.ts";
import { pageCommands, shell, shellCommands } from "./commands.ts";
import { Opened } from "./Opened.tsx";
import type { Below } from "./opener.ts";
import { useSignOut } from "./session.ts";
import { useTheme } from "./theme.ts";

export default function AccountMenu({
  changeLanguage,
  changeTheme,
  openNotices,
  ...below
}: Below & {
  changeLanguage: () => void;
  changeTheme: () => void;
  /** null for an officer who gets no notices */
  openNotices: (() => void) | null;
}): ReactNode {
  const t = shell.use();
  const signOut = useSignOut();
  const other = useLanguage() === "en" ? "hi" : "en";
  const otherTheme = useTheme() === "light" ? "dark" : "light";
  return (
    <Opened {...below}>
      <Menu className="menu" aria-label={t("account")} autoFocus="first" onClose={below.close}>
        <MenuItem onAction={changeLanguage}>
          <span lang={other}>{t("other_language")}</span>
          <KeyMark command={shellCommands.language} />
        </MenuItem>
        <MenuItem onAction={changeTheme}>
          {t(`theme.${otherTheme}`)}
          <KeyMark command={shellCommands.theme} />
        </MenuItem>
        {openNotices !== null && (
          <MenuItem onAction={openNotices}>
            {t("nav.notices")}
            <KeyMark command={pageCommands.get("notices") as Command} />
          </MenuItem>
        )}
        <MenuItem href="/sign-in">{t("sessions")}</MenuItem>
        <MenuItem onAction={() => void signOut()}>{t("sign_out")}</MenuItem>
      </Menu>
    </Opened>
  );
}
