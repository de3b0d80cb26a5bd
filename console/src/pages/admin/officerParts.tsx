/** The parts of an officer's page that are read only when they are shown, each with what may be done there. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { useProof } from "../../parts/Proof.tsx";
import { ReasonLine } from "../../parts/ReasonField.tsx";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { useNow } from "../../text/clock.ts";
import { isReason } from "../../text/reason.ts";
import { Part } from "./Part.tsx";
import { ADMIN, noticesOf, type Officer, refusalsOf, sessionsOf, signInsOf } from "./reads.ts";
import { actorText, admin, named } from "./text.ts";

type Role = Schemas["Role"];

/** Wait for a read, or show why it failed. */
function waits(query: { error: unknown; isPending: boolean; refetch: () => unknown }): ReactNode {
  if (query.error) return <ErrorState error={query.error} reset={() => void query.refetch()} />;
  return query.isPending ? <LoadingState /> : null;
}

export function Roles({
  officer,
  roles,
  mayEnd,
}: {
  officer: Officer;
  roles: readonly Schemas["HeldRole"][];
  mayEnd: boolean;
}): ReactNode {
  const t = admin.use();
  const now = useNow();
  const [ends, setEnds] = useState<Role | null>(null);
  const isOver = (one: Schemas["HeldRole"]): boolean => one.until_at !== null && Date.parse(one.until_at) <= now;
  return (
    <Part title={t("roles")} id="h-roles">
      {roles.length === 0 ? (
        <p className="mut sm">{t("no_role")}</p>
      ) : (
        <div className="admin-scroll" role="region" aria-labelledby="h-roles" tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">{t("role")}</th>
                <th scope="col">{t("from")}</th>
                <th scope="col">{t("until")}</th>
                <th scope="col">{t("given_by")}</th>
                <th scope="col">
                  <span className="sr">{t("act")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {roles.map((one) => (
                <tr key={`${one.role} ${one.from_at}`} className={isOver(one) ? "mut" : undefined}>
                  <th scope="row">{named(t, "role", one.role)}</th>
                  <td>
                    <Moment at={Date.parse(one.from_at)} />
                  </td>
                  <td>{one.until_at === null ? "–" : <Moment at={Date.parse(one.until_at)} />}</td>
                  <td>{actorText(t, one.given_by)}</td>
                  <td className="num">
                    {mayEnd && !isOver(one) && (
                      <button type="button" className="btn" aria-label={t("end_role", { role: named(t, "role", one.role) })} onClick={() => setEnds(one.role)}>
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
      {ends !== null && <EndRole officer={officer} role={ends} close={() => setEnds(null)} />}
    </Part>
  );
}

function EndRole({ officer, role, close }: { officer: Officer; role: Role; close: () => void }): ReactNode {
  const t = admin.use();
  const name = named(t, "role", role);
  const proof = useProof();
  const end = useVerb({
    run: () =>
      proof.provedIfAsked(() =>
        ok(api.POST("/api/v1/officers/{officer_id}/roles/{role}/end", { params: { path: { officer_id: officer.officer_id, role } } })),
      ),
    readAgain: [ADMIN],
    done: close,
    refused: () => undefined,
  });
  return (
    <>
      <AskDialog
        title={t("end_role", { role: name })}
        isDanger
        says={t("end_role_says", { name: officer.name, role: name })}
        isReady={!end.isRunning}
        problem={end.problem}
        run={() => end.act(undefined)}
        close={close}
      />
      {proof.dialog}
    </>
  );
}

export function Sessions({ officerId, mayEnd }: { officerId: string; mayEnd: boolean }): ReactNode {
  const t = admin.use();
  const [isEnding, setIsEnding] = useState(false);
  const query = useQuery(sessionsOf(officerId));
  const count = query.data?.items.length ?? 0;
  return (
    <Part
      title={t("sessions")}
      id="h-sessions"
      tools={
        mayEnd && count > 0 ? (
          <button type="button" className="btn" onClick={() => setIsEnding(true)}>
            {t("end_sessions")}
          </button>
        ) : undefined
      }
    >
      {waits(query)}
      {query.isSuccess && count === 0 && <p className="mut sm">{t("no_session")}</p>}
      {count > 0 && (
        <div className="admin-scroll" role="region" aria-labelledby="h-sessions" tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">{t("since")}</th>
                <th scope="col">{t("last_seen")}</th>
                <th scope="col">{t("address")}</th>
                <th scope="col">{t("browser")}</th>
              </tr>
            </thead>
            <tbody>
              {query.data?.items.map((one) => (
                <tr key={one.session_id}>
                  <td>
                    <Moment at={Date.parse(one.began_at)} />
                  </td>
                  <td>
                    <Moment at={Date.parse(one.last_seen_at)} />
                  </td>
                  <td className="mono">{one.address}</td>
                  <td className="admin-cut" title={one.browser}>
                    {one.browser || "–"}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isEnding && <EndSessions officerId={officerId} close={() => setIsEnding(false)} />}
    </Part>
  );
}

function EndSessions({ officerId, close }: { officerId: string; close: () => void }): ReactNode {
  const t = admin.use();
  const [reason, setReason] = useState("");
  const proof = useProof();
  const end = useVerb({
    run: () =>
      proof.provedIfAsked(() =>
        ok(
          api.POST("/api/v1/sessions/of/{officer_id}/end", {
            params: { path: { officer_id: officerId } },
            body: { reason: reason.trim() },
          }),
        ),
      ),
    readAgain: [ADMIN],
    done: (result) => {
      // Without a code nothing was ended.
      if (result !== null) say({ kind: "good", text: t.count("sessions_ended", result.ended) });
      close();
    },
    refused: () => undefined,
  });
  return (
    <>
      <AskDialog
        title={t("end_sessions")}
        isDanger
        says={t("end_sessions_says")}
        isReady={isReason(reason) && !end.isRunning}
        problem={end.problem}
        run={() => end.act(undefined)}
        close={close}
      >
        <ReasonLine label={t("reason")} value={reason} set={setReason} hasFocus />
      </AskDialog>
      {proof.dialog}
    </>
  );
}

export function SignIns({ officerId }: { officerId: string }): ReactNode {
  const t = admin.use();
  const query = useQuery(signInsOf(officerId));
  const lines = query.data?.items ?? [];
  return (
    <Part title={t("sign_ins")} id="h-sign-ins">
      {waits(query)}
      {query.isSuccess && lines.length === 0 && <p className="mut sm">{t("no_sign_in")}</p>}
      {lines.length > 0 && (
        <ul className="admin-lines">
          {lines.map((one) => (
            <li key={one.entry_id}>
              <Moment at={Date.parse(one.at)} /> <span className={one.outcome === "signed_in" ? "" : "warn b"}>{named(t, "sign_in", one.outcome)}</span>{" "}
              <span className="mut">
                {named(t, "way", one.way)} · <span className="mono">{one.address}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

export function Refusals({ officerId }: { officerId: string }): ReactNode {
  const t = admin.use();
  const query = useQuery(refusalsOf(officerId));
  const lines = query.data?.items ?? [];
  return (
    <Part title={t("refused_acts")} id="h-refused">
      {waits(query)}
      {query.isSuccess && lines.length === 0 && <p className="mut sm">{t("no_refused_act")}</p>}
      {lines.length > 0 && (
        <ul className="admin-lines">
          {lines.map((one) => (
            <li key={one.act_id}>
              <Moment at={Date.parse(one.at)} /> <span className="mono">{`${one.method} ${one.route}`}</span>{" "}
              <b>{one.code.replaceAll("_", " ")}</b>
              {one.times > 1 && <span className="mut"> ×{one.times}</span>}
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

export function Notices({ officerId }: { officerId: string }): ReactNode {
  const t = admin.use();
  const query = useQuery(noticesOf(officerId));
  const reset = useVerb({
    run: () => ok(api.DELETE("/api/v1/officers/{officer_id}/notice-settings", { params: { path: { officer_id: officerId } } })),
    readAgain: [ADMIN],
    done: () => say({ kind: "good", text: t("notices_are_reset") }),
  });
  const found = query.data;
  return (
    <Part
      title={t("notices")}
      id="h-notices"
      tools={
        found !== undefined && !found.is_default ? (
          <button type="button" className="btn" disabled={reset.isRunning} onClick={() => reset.act(undefined)}>
            {t("reset_notices")}
          </button>
        ) : undefined
      }
    >
      {waits(query)}
      {found && (
        <p className="sm">
          {found.is_default ? t("notices_of_policy") : t("notices_own")}{" "}
          {found.setting.media?.length === 0
            ? t("told_of_nothing")
            : t("told_over", { media: (found.setting.media ?? []).map((one) => named(t, "medium", one)).join(", ") })}{" "}
          <span className="mut">{named(t, "hours", found.setting.hours ?? "on_shift")}</span>
          {found.media.some((one) => one.failure) && (
            <b className="bad"> {found.media.filter((one) => one.failure).map((one) => `${named(t, "medium", one.medium)}: ${one.failure}`).join(", ")}</b>
          )}
        </p>
      )}
    </Part>
  );
}
