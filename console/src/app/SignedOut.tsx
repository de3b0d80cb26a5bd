/** Covers the page when the session is over. What was typed stays behind it until the same officer has signed in. */

import { type ReactNode, useEffect, useState } from "react";

import { problemOf } from "../api/problem.ts";
import { takesFocus } from "../parts/focus.ts";
import { Modal } from "../parts/Modal.tsx";
import { SaidText } from "../parts/SaidText.tsx";
import { serverNow } from "../text/clock.ts";
import { timeText } from "../text/moments.ts";
import type { Said } from "../text/sentences.ts";
import { shell } from "./commands.ts";
import { goOn, goToSignIn, SIGN_IN, useComesBack } from "./session.ts";

/** So long a page waits for its officer. Then it is left, and what was typed is forgotten. */
const WAITS_MS = 15 * 60_000;
const NOTHING: Said = { text: "" };

export default function SignedOut({ since }: { since: number }): ReactNode {
  const t = shell.use();
  const [said, setSaid] = useState<Said>(NOTHING);
  const [isAsking, setIsAsking] = useState(false);
  const ask = async (isPressed: boolean): Promise<void> => {
    setIsAsking(isPressed);
    try {
      if (!(await goOn()) && isPressed) setSaid({ text: t("ended.not_yet") });
    } catch (error) {
      setSaid(problemOf(error).said());
    }
    setIsAsking(false);
  };
  useEffect(() => {
    // The time counts from the end of the session, so that no key makes it longer.
    const timer = setTimeout(goToSignIn, since + WAITS_MS - serverNow());
    return () => clearTimeout(timer);
  }, [since]);
  useComesBack(() => void ask(false));
  return (
    <Modal title={t("ended")} close={() => undefined} isFirm isCover>
      <div className="stack">
        <p>{t("ended.says", { at: timeText(since) })}</p>
        <p className="bad b" role="status">
          <SaidText said={said} />
        </p>
        <div className="row wrap">
          <a className="btn first" href={SIGN_IN} target="_blank" rel="noopener" ref={takesFocus}>
            {t("ended.sign_in")}
          </a>
          <button type="button" className="btn" disabled={isAsking} onClick={() => void ask(true)}>
            {t("ended.go_on")}
          </button>
        </div>
      </div>
    </Modal>
  );
}
