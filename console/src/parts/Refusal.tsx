import type { ReactNode } from "react";

import { NO_ANSWER, type Problem } from "../api/problem.ts";
import { parts } from "./catalogue.ts";

/** The refusals after which the officer signs in again and repeats the act. */
const TOO_OLD = "sign_in_too_old";

/** Why an act was refused, in the words of the server, with the fields that are wrong. */
export function Refusal({ problem }: { problem: Problem }): ReactNode {
  const t = parts.use();
  return (
    <div className="note bad" role="alert">
      <p>{problem.code === NO_ANSWER ? t("no_answer") : problem.message}</p>
      {problem.violations.length > 0 && (
        <ul>
          {problem.violations.map((one) => (
            <li key={`${one.field} ${one.message}`}>
              <b>{one.field}</b> {one.message}
            </li>
          ))}
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
