/** A call to a bank: whom to call, what to say, and what the bank says, which is entered while it speaks. */

import { type ReactNode, useRef } from "react";

import type { Schemas } from "../../api/client.ts";
import { useCommand } from "../../keys/commands.ts";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { deskCommands } from "./commands.ts";
import { desk } from "./text.ts";

/** The officers of the bank, in the order of calling. */
export function BankOfficers({ institution }: { institution: Schemas["TaskInstitution"] }): ReactNode {
  const t = desk.use();
  const first = useRef<HTMLAnchorElement>(null);
  const officers = institution.nodal_officers;
  useCommand(deskCommands.dial, () => first.current?.click(), officers.length > 0);
  return (
    <section aria-labelledby="h-call">
      <h2 id="h-call">{t("call_whom")}</h2>
      {officers.length === 0 && <p className="sm mut">{t("no_nodal", { email: institution.desk_email || "–" })}</p>}
      <ul className="calls-to">
        {officers.map((one, index) => (
          <li key={`${one.name} ${one.mobile}`} className="row wrap sm">
            <b>{one.name}</b>
            <span className="mut">{one.role}</span>
            <span className={`chip ${one.on_duty ? "good" : ""}`}>{t(one.on_duty ? "on_duty" : "off_duty")}</span>
            {one.mobile && (
              <a className="push mono" href={`tel:${one.mobile}`} ref={index === 0 ? first : undefined}>
                {one.mobile} {index === 0 && <KeyMark command={deskCommands.dial} />}
              </a>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What to say to the bank, line by line, in the language of the page. */
export function Script({ lines }: { lines: readonly string[] }): ReactNode {
  const t = desk.use();
  if (lines.length === 0) return null;
  return (
    <section aria-labelledby="h-say">
      <div className="row wrap">
        <h2 id="h-say">{t("say")}</h2>
        <span className="push xs mut">{t("say_not")}</span>
      </div>
      <ol className="say">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ol>
    </section>
  );
}
