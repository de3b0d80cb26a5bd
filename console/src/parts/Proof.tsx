/** Proof that the officer of the session is still there: a code, before an act that moves money or power. */

import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";

import { api } from "../api/client.ts";
import { ok, type Problem, problemOf } from "../api/problem.ts";
import { session } from "../app/session.ts";
import { serverNow } from "../text/clock.ts";
import { parts } from "./catalogue.ts";
import { Field } from "./Field.tsx";
import { Modal } from "./Modal.tsx";

/** Code of a refusal for want of a proof of the last minutes. */
const TOO_OLD = "sign_in_too_old";
/** A proof that ends before the act arrives is asked for at once. */
const MARGIN_MS = 5_000;
const CODE_CHARS = 6;
const CODE_MAX_CHARS = 40;

export interface Proof {
  /** Run an act with a proof of the last minutes. Null if the officer gives no code. Throws what the act throws. */
  readonly proved: <Result>(run: () => Promise<Result>) => Promise<Result | null>;
  /** The same for a dialog of many acts: the code is asked for only if the server wants a proof of this one. */
  readonly provedIfAsked: <Result>(run: () => Promise<Result>) => Promise<Result | null>;
  /** The dialog that asks for the code, while it is open. */
  readonly dialog: ReactNode;
}

export function useProof(): Proof {
  const client = useQueryClient();
  const [answer, setAnswer] = useState<((isProved: boolean) => void) | null>(null);
  const ask = (): Promise<boolean> => new Promise((resolve) => setAnswer(() => resolve));
  const provedIfAsked = async <Result,>(run: () => Promise<Result>): Promise<Result | null> => {
    try {
      return await run();
    } catch (error) {
      if (problemOf(error).code !== TOO_OLD) throw error;
      return (await ask()) ? await run() : null;
    }
  };
  const proved = async <Result,>(run: () => Promise<Result>): Promise<Result | null> => {
    // What is known now, because one caller may run several acts after one code.
    const until = client.getQueryData(session.queryKey)?.proved_until ?? "";
    const isFresh = Date.parse(until) - MARGIN_MS > serverNow();
    if (!isFresh && !(await ask())) return null;
    // Another tab may know of a proof that this one has not seen end.
    return provedIfAsked(run);
  };
  const end = (isProved: boolean): void => {
    answer?.(isProved);
    setAnswer(null);
  };
  return { proved, provedIfAsked, dialog: answer === null ? null : <CodeDialog end={end} /> };
}

function CodeDialog({ end }: { end: (isProved: boolean) => void }): ReactNode {
  const t = parts.use();
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const [refusal, setRefusal] = useState<Problem | null>(null);
  const [isRunning, setIsRunning] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setIsRunning(true);
    const code = typed.trim();
    // A code of the authenticator has six digits; any other one is a recovery code.
    const isCode = code.length === CODE_CHARS && /^\d+$/.test(code);
    try {
      const body = isCode ? { code, recovery_code: "" } : { code: "", recovery_code: code };
      const { proved_until } = await ok(api.POST("/api/v1/session/proof", { body }));
      client.setQueryData(session.queryKey, (before) => before && { ...before, proved_until });
      end(true);
    } catch (error) {
      setRefusal(problemOf(error));
      setTyped("");
      setIsRunning(false);
    }
  };
  return (
    <Modal title={t("proof")} close={() => end(false)}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <p className="sm">{t("proof.says")}</p>
        <Field
          label={t("proof.code")}
          autoFocus
          inputMode="numeric"
          autoComplete="one-time-code"
          isMono
          maxLength={CODE_MAX_CHARS}
          value={typed}
          findings={refusal ? [{ standing: "bad", ...refusal.said() }] : []}
          onChange={(event) => setTyped(event.target.value)}
        />
        {refusal && (
          // An officer of an identity provider has no code here.
          <p className="sm">
            <a href="/sign-in?to=console">{t("sign_in_again")}</a>
          </p>
        )}
        <div className="row">
          <button type="submit" className="btn first" disabled={isRunning || typed.trim() === ""}>
            {t("proof.go_on")}
          </button>
          <button type="button" className="btn" onClick={() => end(false)}>
            {t("cancel")}
          </button>
        </div>
      </form>
    </Modal>
  );
}
