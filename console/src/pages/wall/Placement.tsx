/** A screen becomes a display: its token is typed once, with the language and the colours of the wall. */

import { type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { goToSignIn } from "../../app/session.ts";
import { setTheme, type Theme, useTheme } from "../../app/theme.ts";
import { Choose, Field } from "../../parts/Field.tsx";
import { type Language, setLanguage } from "../../text/language.ts";
import type { Said } from "../../text/sentences.ts";
import { wall } from "./text.ts";

const TOKEN_MAX_CHARS = 200;

export function Placement({ done }: { done: () => void }): ReactNode {
  const t = wall.use();
  const theme = useTheme();
  const [token, setToken] = useState("");
  const [refusal, setRefusal] = useState<Said | null>(null);
  const place = useVerb({
    run: (typed: string) => ok(api.POST("/api/v1/displays/place", { body: { token: typed } })),
    done,
    refused: (problem) => setRefusal(problem.status === 401 ? { text: t("place_refused") } : problem.said()),
  });
  return (
    <main className="wall-place panel">
      <h1>{t("place_title")}</h1>
      <p>{t("place_what")}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim()) place.act(token.trim());
        }}
      >
        <Field
          label={t("place_token")}
          autoFocus
          isMono
          maxLength={TOKEN_MAX_CHARS}
          value={token}
          findings={refusal ? [{ standing: "bad", ...refusal }] : []}
          onChange={(event) => {
            setToken(event.target.value);
            setRefusal(null);
          }}
        />
        <Choose
          label={t("place_language")}
          value={t.language}
          onChange={(event) => setLanguage(event.target.value as Language)}
        >
          <option value="en">English</option>
          <option value="hi">हिन्दी</option>
        </Choose>
        <Choose label={t("place_theme")} value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
          <option value="dark">{t("dark")}</option>
          <option value="light">{t("light")}</option>
        </Choose>
        <div className="row wrap">
          <button type="submit" className="btn first" disabled={place.isRunning || !token.trim()}>
            {t("place")}
          </button>
          <button type="button" className="btn link" onClick={goToSignIn}>
            {t("place_sign_in")}
          </button>
        </div>
      </form>
    </main>
  );
}
