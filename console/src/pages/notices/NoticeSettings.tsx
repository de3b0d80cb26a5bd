/** How this officer is told of work items: of which, when, over what, and in which language. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import "./notices.css";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { KINDS } from "../desk/kinds.ts";
import { desk } from "../desk/text.ts";
import { noticeCommands } from "./commands.ts";
import { GAPS_MINUTES, MEDIA, type Setting, settingOf, toggled, type Typed, typedOf } from "./setting.ts";
import { noticeText } from "./text.ts";
import { Webhook } from "./Webhook.tsx";

type Told = Schemas["OfficerNotices"];

const told = queryOptions({
  queryKey: ["notice-settings"],
  queryFn: () => ok(api.GET("/api/v1/desk/notice-settings")),
});

export default function NoticeSettings(): ReactNode {
  const t = noticeText.use();
  const { data, error, refetch } = useQuery(told);
  return (
    <main className="told">
      <section className="panel" aria-labelledby="h-told">
        <header>
          <h1 id="h-told">{t("title")}</h1>
          {data?.is_default && <span className="chip">{t("is_default")}</span>}
        </header>
        {error !== null && <ErrorState error={error} reset={() => void refetch()} />}
        {data === undefined && error === null && <LoadingState />}
        {data !== undefined && <Choices key={`${data.changed_at} ${data.webhook}`} told={data} />}
      </section>
      {data !== undefined && <Standings told={data} />}
      {data !== undefined && <Webhook isThere={data.webhook} />}
    </main>
  );
}

function Choices({ told: now }: { told: Told }): ReactNode {
  const t = noticeText.use();
  const [typed, setTyped] = useState(() => typedOf(now.setting as Setting));
  const change = (part: Partial<Typed>): void => setTyped({ ...typed, ...part });
  const save = useVerb({
    run: (setting: Setting) => ok(api.PUT("/api/v1/desk/notice-settings", { body: setting })),
    done: () => say({ kind: "good", text: t("saved") }),
    readAgain: [told.queryKey],
  });
  const reset = useVerb({
    run: () => ok(api.DELETE("/api/v1/desk/notice-settings")),
    done: () => say({ kind: "good", text: t("was_reset") }),
    readAgain: [told.queryKey],
  });
  const setting = settingOf(typed);
  return (
    <div className="told-form">
      <Ticks
        legend={t("media")}
        hint={t("media_hint")}
        all={MEDIA}
        chosen={typed.media}
        name={(medium) => t(`medium.${medium}`)}
        change={(media) => change({ media })}
      />
      <div className="told-choices">
        <Choose
          label={t("hours")}
          value={typed.hours}
          onChange={(event) => change({ hours: event.target.value as Typed["hours"] })}
        >
          <option value="on_shift">{t("hours.on_shift")}</option>
          <option value="always">{t("hours.always")}</option>
        </Choose>
        <Choose
          label={t("language")}
          value={typed.language}
          onChange={(event) => change({ language: event.target.value as Typed["language"] })}
        >
          <option value="en">English</option>
          <option value="hi">हिन्दी</option>
        </Choose>
        <Choose
          label={t("gap")}
          value={typed.gapMinutes}
          onChange={(event) => change({ gapMinutes: Number(event.target.value) })}
        >
          {[...new Set([...GAPS_MINUTES, typed.gapMinutes])].sort((one, other) => one - other).map((minutes) => (
            <option key={minutes} value={minutes}>
              {t.count("minutes", minutes)}
            </option>
          ))}
        </Choose>
        <Field
          label={t("sum")}
          inputMode="decimal"
          maxLength={24}
          placeholder={t("sum_any")}
          value={typed.sum}
          findings={setting === null ? [{ standing: "bad", text: t("sum_wrong") }] : []}
          onChange={(event) => change({ sum: event.target.value })}
        />
      </div>
      <Kinds chosen={typed.kinds} change={(kinds) => change({ kinds })} />
      <p className="sm mut">{t("own_always")}</p>
      <div className="row wrap">
        <CommandButton
          command={noticeCommands.save}
          run={() => setting !== null && save.act(setting)}
          isDisabled={setting === null || save.isRunning}
          className="btn first"
        />
        {!now.is_default && (
          <button type="button" className="btn" disabled={reset.isRunning} onClick={() => reset.act(null)}>
            {t("reset")}
          </button>
        )}
      </div>
    </div>
  );
}

function Kinds({
  chosen,
  change,
}: {
  chosen: Typed["kinds"];
  change: (kinds: Typed["kinds"]) => void;
}): ReactNode {
  const t = noticeText.use();
  const named = desk.use();
  return (
    <Ticks
      legend={t("kinds")}
      hint={t(chosen.length === 0 ? "kinds_all" : "kinds_hint")}
      all={KINDS}
      chosen={chosen}
      name={(kind) => named(`kind.${kind}`)}
      change={change}
    />
  );
}

/** A few that can be ticked. */
function Ticks<One extends string>({
  legend,
  hint,
  all,
  chosen,
  name,
  change,
}: {
  legend: string;
  hint: string;
  all: readonly One[];
  chosen: readonly One[];
  name: (one: One) => string;
  change: (chosen: readonly One[]) => void;
}): ReactNode {
  return (
    <fieldset>
      <legend className="b sm">{legend}</legend>
      <p className="xs mut">{hint}</p>
      <div className="ticks">
        {all.map((one) => (
          <label key={one} className="tick">
            <input type="checkbox" checked={chosen.includes(one)} onChange={() => change(toggled(all, chosen, one))} />
            {name(one)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** How the messages over each medium stand, and why the newest one is not sent. */
function Standings({ told: now }: { told: Told }): ReactNode {
  const t = noticeText.use();
  return (
    <section className="panel" aria-labelledby="h-standings">
      <header>
        <h2 id="h-standings">{t("standings")}</h2>
      </header>
      <div className="told-scroll" role="region" aria-labelledby="h-standings" tabIndex={0}>
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">{t("medium")}</th>
              <th scope="col" className="num">{t("waiting")}</th>
              <th scope="col" className="num">{t("in_a_day")}</th>
              <th scope="col">{t("last")}</th>
              <th scope="col">{t("failure")}</th>
            </tr>
          </thead>
          <tbody>
            {now.media.map((one) => (
              <tr key={one.medium}>
                <td>{t(`medium.${one.medium}`)}</td>
                <td className="num">{one.waiting}</td>
                <td className="num">{one.sent_in_a_day}</td>
                <td>{one.last_sent_at === null ? "–" : <Moment at={Date.parse(one.last_sent_at)} />}</td>
                <td className={one.failure ? "bad" : "mut"}>{one.failure || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
