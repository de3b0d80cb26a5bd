/** The program of this officer to which notices are posted. Its secret is shown once, and stays in the page alone. */

import { type FormEvent, type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { Field } from "../../parts/Field.tsx";
import { noticeText } from "./text.ts";

const URL_MAX_CHARS = 500;
const SETTINGS = ["notice-settings"];

export function Webhook({ isThere }: { isThere: boolean }): ReactNode {
  const t = noticeText.use();
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState("");
  const write = useVerb({
    run: (address: string) => ok(api.PUT("/api/v1/desk/notice-webhook", { body: { url: address } })),
    done: (made) => {
      setSecret(made.secret);
      setUrl("");
    },
    readAgain: [SETTINGS],
  });
  const remove = useVerb({
    run: () => ok(api.DELETE("/api/v1/desk/notice-webhook")),
    done: () => setSecret(""),
    readAgain: [SETTINGS],
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (url.trim()) write.act(url.trim());
  };
  return (
    <section className="panel" aria-labelledby="h-hook">
      <header>
        <h2 id="h-hook">{t("webhook")}</h2>
        <span className="chip">{t(isThere ? "webhook_there" : "webhook_none")}</span>
      </header>
      <form className="told-form" onSubmit={submit}>
        <p className="sm mut">{t("webhook_what")}</p>
        <Field
          label={t("webhook_url")}
          type="url"
          maxLength={URL_MAX_CHARS}
          placeholder="https://"
          value={url}
          onChange={(event) => setUrl(event.target.value)}
        />
        {secret && (
          <p className="note acc" role="status">
            {t("webhook_secret")} <b className="mono">{secret}</b>
          </p>
        )}
        <div className="row wrap">
          <button type="submit" className="btn" disabled={!url.trim() || write.isRunning}>
            {t("webhook_write")}
          </button>
          {isThere && (
            <button type="button" className="btn" disabled={remove.isRunning} onClick={() => remove.act(null)}>
              {t("webhook_delete")}
            </button>
          )}
        </div>
      </form>
    </section>
  );
}
