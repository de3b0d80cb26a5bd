/** Acts on a file. A refusal because of another officer's act has the file read again, and stays on the page. */

import { type ReactNode, useState } from "react";

import type { Problem } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { useProof } from "../../parts/Proof.tsx";
import { say } from "../../parts/toasts.ts";
import { ALL } from "./reads.ts";
import { appeals } from "./text.ts";

/** Status of a refusal because the thing has changed since it was read. */
const CHANGED = 409;

export interface Act {
  readonly run: (send: () => Promise<unknown>) => void;
  readonly isRunning: boolean;
  /** why the last try was refused, while its dialog is open */
  readonly problem: Problem | null;
  /** why an act was not done, after the file changed; it stays until the next act */
  readonly stale: Problem | null;
  readonly forget: () => void;
  /** the dialog that asks for a code, while the act needs one */
  readonly proof: ReactNode;
}

/** `close` closes the dialog, after the act and after a change by another officer. */
export function useAct(close: () => void): Act {
  const t = appeals.use();
  const [stale, setStale] = useState<Problem | null>(null);
  const proof = useProof();
  const verb = useVerb<() => Promise<unknown>, true | null>({
    run: (send) => proof.provedIfAsked(() => send().then((): true => true)),
    readAgain: [ALL],
    done: (sent) => {
      // Without a code nothing was sent.
      if (sent === null) return;
      setStale(null);
      say({ kind: "good", text: t("done") });
      close();
    },
    refused: (problem) => {
      if (problem.status !== CHANGED) return;
      setStale(problem);
      close();
    },
  });
  return {
    run: verb.act,
    isRunning: verb.isRunning,
    problem: verb.problem,
    stale,
    proof: proof.dialog,
    forget: () => {
      verb.forget();
      setStale(null);
    },
  };
}
