/** The keys that work now. */

import type { ReactNode } from "react";

import { shell } from "../app/commands.ts";
import { KeyMark } from "../parts/KeyMark.tsx";
import { Modal } from "../parts/Modal.tsx";
import { useActive } from "./commands.ts";

export default function KeyOverlay({ close }: { close: () => void }): ReactNode {
  const t = shell.use();
  const found = [...new Map(useActive().map((one) => [one.command.id, one.command])).values()];
  return (
    <Modal title={t("cmd.keys")} close={close}>
      <dl className="keys">
        {found.map((command) => (
          <div key={command.id}>
            <dt>
              <KeyMark command={command} />
            </dt>
            <dd>{command.label()}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className="btn" onClick={close}>
        {t("close")}
      </button>
    </Modal>
  );
}
