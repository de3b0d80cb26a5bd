/** How and when the victim can be reached without danger, and who calls if it is not the victim. */

import type { ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { YesNo } from "../../parts/Choice.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { type Reach, withReach } from "./content.ts";
import type { Kept, Keeper } from "./keeper.ts";
import { call } from "./text.ts";

type Teller = Schemas["Teller"];

const WAYS = ["sms", "call", "email", "none"] as const;

export function SafeContact({ keeper, kept }: { keeper: Keeper; kept: Kept }): ReactNode {
  const t = call.use();
  const { reach, teller } = kept.content;
  const setReach = (change: Partial<Reach>): void => keeper.change((now) => withReach(now, change));
  const setTeller = (change: Partial<Teller>): void =>
    keeper.change((now) => {
      const told = { ...now.teller, ...change };
      return { ...now, teller: Object.values(told).some(Boolean) ? told : null };
    });
  return (
    <>
      <h3>{t("safe_contact")}</h3>
      <Choose
        label={t("reach_by")}
        value={reach?.way ?? ""}
        onChange={(event) => setReach({ way: (event.target.value || null) as Reach["way"] })}
      >
        <option value="">{t("not_asked")}</option>
        {WAYS.map((way) => (
          <option key={way} value={way}>
            {t(`way.${way}`)}
          </option>
        ))}
      </Choose>
      <YesNo label={t("is_quiet")} value={reach?.is_quiet} onChange={(value) => setReach({ is_quiet: value })} />
      <YesNo
        label={t("wants_woman")}
        value={reach?.wants_woman_officer}
        onChange={(value) => setReach({ wants_woman_officer: value })}
      />
      <div className="cells c2">
        <Field label={t("teller")} maxLength={200} value={teller?.name ?? ""} onChange={(event) => setTeller({ name: event.target.value })} />
        <Field
          label={t("relation")}
          maxLength={200}
          value={teller?.relation ?? ""}
          onChange={(event) => setTeller({ relation: event.target.value })}
        />
      </div>
    </>
  );
}
