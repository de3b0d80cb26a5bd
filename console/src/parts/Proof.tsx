/** Proof that the officer of the session is still there: a code, before an act that moves money or power. */

import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";

import { api } from "../api/client.ts";
import { ok, type Problem, problemOf } from "../api/problem.ts";
import { type Session, session, SIGN_IN_AT_PROVIDER, takeOver, useComesBack } from "../app/session.ts";
import { serverNow } from "../text/clock.ts";
import type { Said } from "../text/sentences.ts";
import { parts } from "./catalogue.ts";
import { Field } from "./Field.tsx";
import { takesFocus } from "./focus.ts";
import { Modal } from "./Modal.tsx";
import { SaidText } from "./SaidText.tsx";

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

function isFresh(found: Session | null | undefined): boolean {
  return Date.parse(found?.proved_until ?? "") - MARGIN_MS > serverNow();
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
    if (!isFresh(client.getQueryData(session.queryKey)) && !(await ask())) return null;
    // Another tab may know of a proof that this one has not seen end.
    return provedIfAsked(run);
  };
  const end = (isProved: boolean): void => {
    answer?.(isProved);
    setAnswer(null);
  };
  // An officer of an identity provider has no code here.
  const Dialog = client.getQueryData(session.queryKey)?.way === "provider" ? ProviderDialog : CodeDialog;
  return { proved, provedIfAsked, dialog: answer === null ? null : <Dialog end={end} /> };
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
      <form className="asking" onSubmit={(event) => void submit(event)}>
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

/** Asks for a new sign-in in another window. What was typed stays behind the dialog. */
function ProviderDialog({ end }: { end: (isProved: boolean) => void }): ReactNode {
  const t = parts.use();
  const [said, setSaid] = useState<Said>({ text: "" });
  const ask = async (isPressed: boolean): Promise<void> => {
    try {
      if (isFresh(await takeOver())) end(true);
      else if (isPressed) setSaid({ text: t("proof.not_yet") });
    } catch (error) {
      setSaid(problemOf(error).said());
    }
  };
  useComesBack(() => void ask(false));
  return (
    <Modal title={t("proof.again")} close={() => end(false)}>
      <div className="stack">
        <p className="sm">{t("proof.again_says")}</p>
        <p className="bad b" role="status">
          <SaidText said={said} />
        </p>
        <div className="row wrap">
          <a className="btn first" href={`${SIGN_IN_AT_PROVIDER}?again`} target="_blank" rel="noopener" ref={takesFocus}>
            {t("proof.sign_in")}
          </a>
          <button type="button" className="btn" onClick={() => void ask(true)}>
            {t("proof.signed_in")}
          </button>
          <button type="button" className="btn" onClick={() => end(false)}>
            {t("cancel")}
          </button>
        </div>
      </div>
    </Modal>
  );
}
