/** Every command that works now, found by its name. */

import type { ReactNode } from "react";
import { Autocomplete, Input, Menu, MenuItem, SearchField, useFilter } from "react-aria-components";

import { shell } from "../app/commands.ts";
import { KeyMark } from "../parts/KeyMark.tsx";
import { Modal } from "../parts/Modal.tsx";
import { useActive } from "./commands.ts";

export default function Palette({ close }: { close: () => void }): ReactNode {
  const t = shell.use();
  const { contains } = useFilter({ sensitivity: "base" });
  // The newest binding of a command is the one that works.
  const found = [...new Map([...useActive()].reverse().map((one) => [one.command.id, one])).values()].reverse();
  return (
    <Modal title={t("cmd.palette")} close={close} className="palette">
      <Autocomplete filter={contains}>
        <SearchField aria-label={t("palette.search")} autoFocus>
          <Input className="in" placeholder={t("palette.search")} />
        </SearchField>
        <Menu
          className="menu"
          aria-label={t("cmd.palette")}
          items={found}
          renderEmptyState={() => <p className="state">{t("palette.empty")}</p>}
        >
          {(one) => (
            <MenuItem
              id={one.command.id}
              textValue={one.command.label()}
              onAction={() => {
                close();
                // The dialog is gone first, because a command may open another one.
                setTimeout(one.run);
              }}
            >
              {one.command.label()}
              <KeyMark command={one.command} />
            </MenuItem>
          )}
        </Menu>
      </Autocomplete>
    </Modal>
  );
}
