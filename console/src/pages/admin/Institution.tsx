/** One bank: codes, channels with their state, nodal officers with their hours, keys, login and people. */

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { BankPeople, ConfirmPeople } from "./BankPeople.tsx";
import { AddKey, ChangeBank, EndKey, ReplaceLogin } from "./bankForms.tsx";
import { KeyRequests } from "./KeyRequests.tsx";
import { ChangeList } from "./ChangeList.tsx";
import { Frame } from "./Frame.tsx";
import { Part } from "./Part.tsx";
import { ChangeRoster, RosterTable } from "./Roster.tsx";
import { type Bank, bank, useIsAdmin } from "./reads.ts";
import { admin, named } from "./text.ts";

type Open = "change" | "roster" | "login" | "key" | "people" | { readonly endsKey: string } | null;

export default function Institution(): ReactNode {
  const t = admin.use();
  const { code = "" } = useParams({ strict: false });
  const query = useQuery(bank(code));
  return (
    <Frame section="directory">
      <p>
        <Link to="/directory">← {t("section.directory")}</Link>
      </p>
      {query.error !== null && <ErrorState error={query.error} reset={() => void query.refetch()} />}
      {query.isPending && <LoadingState />}
      {query.data && <Details found={query.data} />}
    </Frame>
  );
}

function Details({ found }: { found: Bank }): ReactNode {
  const t = admin.use();
  const isAdmin = useIsAdmin();
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  const { item } = found;
  const button = (name: Open, text: string): ReactNode =>
    isAdmin ? (
      <button type="button" className="btn" onClick={() => setOpen(name)}>
        {text}
      </button>
    ) : undefined;
  return (
    <section className="panel" aria-labelledby="h-bank">
      <header className="wraps">
        <h1 id="h-bank">{item.name}</h1>
        <span className="mono mut">{item.code}</span>
        <span className="chip">{named(t, "kind", item.kind)}</span>
        {found.lacks.map((one) => (
          <span key={one} className="chip bad">
            {named(t, "lacks", one)}
          </span>
        ))}
        <span className="push row wrap">{button("change", t("change_bank"))}</span>
      </header>
      <Codes found={found} />
      <Channels found={found} />
      <Part title={t("nodal_officers")} id="h-roster" tools={button("roster", t("change_roster"))}>
        <RosterTable found={found} />
      </Part>
      <KeyRequests asked={found.key_requests} />
      <Keys found={found} tools={button("key", t("add_key"))} end={isAdmin ? (key) => setOpen({ endsKey: key }) : null} />
      <Part title={t("login")} id="h-login" tools={button("login", t("replace_login"))}>
        {found.login === null ? (
          <p className="mut sm">{t("no_login")}</p>
        ) : (
          <p className="sm">
            <span className="mono">{found.login.email}</span> · {t("last_used")}:{" "}
            {found.login.last_used_at === null ? t("never") : <Moment at={Date.parse(found.login.last_used_at)} />} ·{" "}
            {t("password_hidden")}
          </p>
        )}
      </Part>
      <BankPeople found={found} tools={button("people", t("confirm_people"))} />
      <Part title={t("changes_of_bank")} id="h-of-bank">
        <ChangeList filter={{ area: "directory", subject: item.code }} isShort />
      </Part>
      {open === "change" && <ChangeBank found={found} close={close} />}
      {open === "roster" && <ChangeRoster found={found} close={close} />}
      {open === "login" && <ReplaceLogin found={found} close={close} />}
      {open === "people" && <ConfirmPeople found={found} close={close} />}
      {open === "key" && <AddKey code={item.code} close={close} />}
      {typeof open === "object" && open !== null && <EndKey code={item.code} keyId={open.endsKey} close={close} />}
    </section>
  );
}

function Codes({ found }: { found: Bank }): ReactNode {
  const t = admin.use();
  const { item } = found;
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t("ifsc"), found.ifsc_prefixes.join(", ")],
    [t("handles"), found.vpa_handles.map((one) => `@${one}`).join(", ")],
    [t("aliases"), found.aliases.join(", ")],
    [t("sponsor"), item.sponsor],
    [t("account_prefixes"), found.account_prefixes.join(", ")],
    [t("answer_class"), named(t, "answers", item.answer_class)],
    [t("desk_email"), item.desk_email],
    [t("call_limits"), limitsText(t, found)],
    [t("answers_by_two"), t(found.answers_by_two ? "said.yes" : "said.no")],
    [t("signature_only_from"), item.signature_only_from === null ? null : <Moment at={Date.parse(item.signature_only_from)} />],
    [t("updated_at"), <Moment key="at" at={Date.parse(found.updated_at)} />],
  ];
  return (
    <dl className="admin-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value || "–"}</dd>
        </div>
      ))}
    </dl>
  );
}

function limitsText(t: ReturnType<typeof admin.use>, found: Bank): string {
  const parts = [
    found.calls_at_once === null ? "" : t("calls_at_once_of", { count: found.calls_at_once }),
    found.calls_a_second === null ? "" : t("calls_a_second_of", { count: found.calls_a_second }),
  ];
  return parts.filter(Boolean).join(", ");
}

function Channels({ found }: { found: Bank }): ReactNode {
  const t = admin.use();
  return (
    <Part title={t("channels")} id="h-channels">
      {found.channels.length === 0 ? (
        <p className="warn sm">{t("by_telephone")}</p>
      ) : (
        <ol className="admin-channels">
          {found.channels.map((one, place) => (
            <li key={one.channel}>
              {place + 1}. <b>{named(t, "channel", one.channel)}</b>{" "}
              <span className={`chip ${one.state === "closed" ? "good" : one.state === "open" ? "bad" : "warn"}`}>{named(t, "breaker", one.state)}</span>{" "}
              {one.failures > 0 && <span className="mut">{t.count("failures", one.failures)} · </span>}
              {one.silences > 0 && <span className="mut">{t.count("silences", one.silences)} · </span>}
              {one.probe_at !== null && (
                <span className="mut">
                  {t("probe_at")} <Moment at={Date.parse(one.probe_at)} />
                </span>
              )}
            </li>
          ))}
        </ol>
      )}
    </Part>
  );
}

function Keys({ found, tools, end }: { found: Bank; tools: ReactNode; end: ((key: string) => void) | null }): ReactNode {
  const t = admin.use();
  return (
    <Part title={t("keys")} id="h-keys" tools={tools}>
      {found.keys.length === 0 ? (
        <p className="mut sm">{t("no_key")}</p>
      ) : (
        <div className="admin-scroll" role="region" aria-labelledby="h-keys" tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">{t("key_id")}</th>
                <th scope="col">{t("fingerprint")}</th>
                <th scope="col">{t("from")}</th>
                <th scope="col">{t("until")}</th>
                <th scope="col">{t("last_used")}</th>
                <th scope="col">
                  <span className="sr">{t("act")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {found.keys.map((one) => (
                <tr key={one.key_id} className={one.is_live ? undefined : "mut"}>
                  <th scope="row" className="mono">
                    {one.key_id}
                  </th>
                  <td className="mono admin-print">{one.fingerprint}</td>
                  <td>
                    <Moment at={Date.parse(one.not_before)} />
                  </td>
                  <td>{one.not_after === null ? "–" : <Moment at={Date.parse(one.not_after)} />}</td>
                  <td>{one.last_used_at === null ? t("not_lately") : <Moment at={Date.parse(one.last_used_at)} />}</td>
                  <td className="num">
                    {end !== null && one.not_after === null && (
                      <button type="button" className="btn" aria-label={t("end_key_of", { key: one.key_id })} onClick={() => end(one.key_id)}>
                        {t("end")}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Part>
  );
}
