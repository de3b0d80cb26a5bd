import type { ReactNode } from "react";

import type { Problem } from "../api/problem.ts";
import { useLanguage } from "../text/language.ts";
import type { Said } from "../text/sentences.ts";

/** What is said, with the API's own English marked as English. */
export function SaidText({ said }: { said: Said }): ReactNode {
  return (
    <>
      {said.lang === undefined ? said.text : <span lang={said.lang}>{said.text}</span>}
      {said.more && (
        <>
          {" "}
          <span lang="en">({said.more})</span>
        </>
      )}
    </>
  );
}

/** Why an act or a read was refused, in the language of the page. */
export function Why({ of }: { of: Problem }): ReactNode {
  useLanguage();
  return <SaidText said={of.said()} />;
}
