/** What happened, who deceived the victim, and the consent. */

import type { ReactNode } from "react";

import { YesNo } from "../../parts/Choice.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import type { Kept, Keeper } from "./keeper.ts";
import { call } from "./text.ts";

/** The kinds as complaints have them, by the name of their text here. */
const CATEGORIES = {
  upi: "UPI fraud",
  investment: "Investment fraud",
  job: "Job fraud",
  arrest: "Digital arrest",
  loan: "Loan app",
  card: "Card or ATM fraud",
  app: "Remote access app or phishing link",
  shop: "Shopping fraud",
  intimate: "Sexual blackmail",
  other: "Other financial fraud",
} as const;
const STORY_MAX_CHARS = 10_000;
const SUSPECTS_MAX_CHARS = 500;
/** What the operator says at once, because the caller is still in danger of it. */
const ADVICE = { arrest: "advice.arrest", app: "advice.app" } as const;

export function Story({ keeper, kept }: { keeper: Keeper; kept: Kept }): ReactNode {
  const t = call.use();
  const { content } = kept;
  const names = Object.keys(CATEGORIES) as (keyof typeof CATEGORIES)[];
  const chosen = names.find((name) => CATEGORIES[name] === content.category);
  const advice = chosen && chosen in ADVICE ? ADVICE[chosen as keyof typeof ADVICE] : null;
  return (
    <div className="blk">
      <h3>{t("story")}</h3>
      <Choose
        label={t("category")}
        value={chosen ?? (content.category ? "kept" : "")}
        onChange={(event) => {
          const category = CATEGORIES[event.target.value as keyof typeof CATEGORIES] ?? "";
          keeper.change((now) => ({ ...now, category }));
        }}
      >
        <option value="">{t("not_asked")}</option>
        {content.category && !chosen && <option value="kept">{content.category}</option>}
        {names.map((name) => (
          <option key={name} value={name}>
            {t(`category.${name}`)}
          </option>
        ))}
      </Choose>
      {chosen === "intimate" && <p className="note acc">{t("marked")}</p>}
      {advice && (
        <p className="note warn">
          <b>{t("say")}</b> {t(advice)}
        </p>
      )}
      <Field
        label={t("suspects")}
        maxLength={SUSPECTS_MAX_CHARS}
        value={content.suspects ?? ""}
        onChange={(event) => {
          const suspects = event.target.value;
          keeper.change((now) => ({ ...now, suspects }));
        }}
      />
      <label htmlFor="story">{t("own_account")}</label>
      <textarea
        id="story"
        className="in"
        rows={5}
        maxLength={STORY_MAX_CHARS}
        value={content.story ?? ""}
        onChange={(event) => {
          const story = event.target.value;
          keeper.change((now) => ({ ...now, story }));
        }}
      />
      <YesNo
        label={t("consent")}
        value={content.consent}
        onChange={(value) => keeper.change((now) => ({ ...now, consent: value }))}
      />
    </div>
  );
}
