/** The keys that work now. */

import type { ReactNode } from "react";

import { shell } from "../app/commands.ts";
import { KeyMark } from "../parts/KeyMark.tsx";
import { Modal } from "../parts/Modal.tsx";
import { useActive } from "./commands.ts";

export default function KeyOverlay({ close }: { close: () => void }): ReactNode {
  const t = shell.use();
  const found = [...new Map(useActive().map((one) => [one.command.id, one.command])).values()];
  // Those of the page come first, then those that work on every page.
  const groups = [
    { title: t("keys.page"), commands: found.filter((one) => !one.id.startsWith("shell.")) },
    { title: t("keys.pages"), commands: found.filter((one) => one.id.startsWith("shell.open.")) },
    { title: t("keys.everywhere"), commands: found.filter((one) => /^shell\.(?!open\.)/.test(one.id)) },
  ];
  return (
    <Modal title={t("cmd.keys")} close={close}>
      {groups.map(
        ({ title, commands }) =>
          commands.length > 0 && (
            <section key={title} className="keys-of">
              <h3>{title}</h3>
              <dl className="keys">
                {commands.map((command) => (
                  <div key={command.id}>
                    <dt>
                      <KeyMark command={command} />
                    </dt>
                    <dd>{command.label()}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ),
      )}
      <button type="button" className="btn" onClick={close}>
        {t("close")}
      </button>
    </Modal>
  );
}
