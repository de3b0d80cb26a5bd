import type { ReactNode } from "react";

import type { Problem } from "../api/problem.ts";
import type { Read } from "../text/catalogue.ts";
import { parts } from "./catalogue.ts";
import { SaidText } from "./SaidText.tsx";
import { sentenceOf } from "./violations.ts";

/** The refusals after which the officer signs in again and repeats the act. */
const TOO_OLD = "sign_in_too_old";

/** Why an act was refused, with the fields that are wrong. */
export function Refusal({ problem }: { problem: Problem }): ReactNode {
  const t = parts.use();
  return (
    <div className="note bad" role="alert">
      <p>
        <SaidText said={problem.head()} />
      </p>
      {problem.violations.length > 0 && (
        <ul>
          {problem.violations.map((one) => {
            const { name, ...said } = sentenceOf(t as Read<string>, one);
            return (
              <li key={`${one.field} ${one.message}`}>
                <b>{name}</b>: <SaidText said={said} />
              </li>
            );
          })}
        </ul>
      )}
      {problem.code === TOO_OLD && (
        <p>
          <a href="/sign-in?to=console">{t("sign_in_again")}</a>
        </p>
      )}
    </div>
  );
}
