/** The person who lost the money: name, contacts, district, and what makes the case go first. */

import type { ReactNode } from "react";

import { YesNo } from "../../parts/Choice.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { DistrictField } from "./BankField.tsx";
import { type Content, type Victim, withVictim } from "./content.ts";
import type { Check } from "./drafts.ts";
import { findingsOf } from "./findings.ts";
import type { District } from "./institutions.ts";
import type { Kept, Keeper } from "./keeper.ts";
import { SafeContact } from "./SafeContact.tsx";
import { call } from "./text.ts";

const MARKS = ["woman", "senior", "child"] as const;

export function Person({
  keeper,
  kept,
  check,
  districts,
}: {
  keeper: Keeper;
  kept: Kept;
  check: Check | undefined;
  districts: readonly District[];
}): ReactNode {
  const t = call.use();
  const { content } = kept;
  const victim: Victim = content.victim ?? {};
  const set = (change: Partial<Victim>): void => keeper.change((now: Content) => withVictim(now, change));
  return (
    <div className="blk">
      <h3>{t("person")}</h3>
      <Field label={t("name")} maxLength={200} value={victim.name ?? ""} onChange={(event) => set({ name: event.target.value })} />
      <div className="cells c2">
        <Field
          label={t("mobile")}
          isMono
          inputMode="tel"
          maxLength={20}
          value={victim.mobile ?? ""}
          findings={findingsOf(t, check, content, "victim.mobile")}
          onChange={(event) => set({ mobile: event.target.value.replace(/[\s-]/g, "") })}
        />
        <Field label={t("email")} inputMode="email" maxLength={320} value={victim.email ?? ""} onChange={(event) => set({ email: event.target.value.trim() })} />
      </div>
      <div className="cells c2">
        <DistrictField
          label={t("district")}
          value={victim.district ?? ""}
          all={districts}
          findings={findingsOf(t, check, content, "victim.district")}
          onChange={(district) => set({ district })}
        />
        <Choose
          label={t("language")}
          value={victim.language ?? ""}
          onChange={(event) => set({ language: (event.target.value || null) as "en" | "hi" | null })}
        >
          <option value="">{t("not_asked")}</option>
          <option value="hi" lang="hi">
            हिन्दी
          </option>
          <option value="en">English</option>
        </Choose>
      </div>
      {MARKS.map((mark) => (
        <YesNo key={mark} label={t(`mark.${mark}`)} value={victim[mark]} onChange={(value) => set({ [mark]: value })} />
      ))}
      {MARKS.some((mark) => victim[mark] === true) && <p className="ck good">{t("goes_first")}</p>}
      <SafeContact keeper={keeper} kept={kept} />
    </div>
  );
}
