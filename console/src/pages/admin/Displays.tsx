/** Displays of the wall: which there are, a token for a new one, and the end of one. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Field, type Finding } from "../../parts/Field.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { useProof } from "../../parts/Proof.tsx";
import { Moment } from "../../parts/time.tsx";
import { displayName } from "./displayName.ts";
import { Frame } from "./Frame.tsx";
import { ListPanel } from "./ListPanel.tsx";
import { dayOf } from "./Part.tsx";
import { ADMIN, displays, useMay } from "./reads.ts";
import { Secret } from "./Secret.tsx";
import { actorText, admin, type AdminRead } from "./text.ts";

type Display = Schemas["ScriptToken"];

const DAYS_FIRST = 90;
const DAYS_MAX = 365;

export default function Displays(): ReactNode {
  const t = admin.use();
  const mayChange = useMay("change_displays");
  const [isAdding, setIsAdding] = useState(false);
  const [token, setToken] = useState<string | null>(null);
  const [ends, setEnds] = useState<Display | null>(null);
  const query = useQuery(displays);
  const found = query.data?.items ?? [];
  return (
    <Frame section="displays">
      <ListPanel
        section="displays"
        rule={t("displays_rule")}
        addText={t("add_display")}
        add={mayChange ? () => setIsAdding(true) : null}
        query={query}
        isEmpty={found.length === 0}
        emptyText={t("no_displays")}
      >
        <DisplayTable found={found} end={mayChange ? setEnds : null} />
      </ListPanel>
      {isAdding && (
        <AddDisplay
          close={() => setIsAdding(false)}
          done={(made) => {
            setIsAdding(false);
            setToken(made);
          }}
        />
      )}
      {token !== null && (
        <Modal title={t("display_token")} close={() => setToken(null)} isFirm>
          <p className="note warn">{t("token_once")}</p>
          <Secret text={token} />
          <button type="button" className="btn first" onClick={() => setToken(null)}>
            {t("typed_in")}
          </button>
        </Modal>
      )}
      {ends !== null && <EndDisplay display={ends} close={() => setEnds(null)} />}
    </Frame>
  );
}

function DisplayTable({ found, end }: { found: readonly Display[]; end: ((display: Display) => void) | null }): ReactNode {
  const t = admin.use();
  return (
    <div className="admin-scroll" role="region" aria-labelledby="h-displays" tabIndex={0}>
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">{t("display")}</th>
            <th scope="col">{t("standing")}</th>
            <th scope="col">{t("issued")}</th>
            <th scope="col">{t("by")}</th>
            <th scope="col">{t("placed")}</th>
            <th scope="col">{t("last_used")}</th>
            <th scope="col">{t("ends")}</th>
            <th scope="col">
              <span className="sr">{t("act")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {found.map((one) => (
            <tr key={one.token_id} className={one.state === "live" ? undefined : "mut"}>
              <th scope="row">{one.name}</th>
              <td>
                <span className={`chip ${one.state === "live" ? "good" : ""}`}>{t(`token.${one.state}`)}</span>
              </td>
              <td>
                <Moment at={Date.parse(one.issued_at)} />
              </td>
              <td>{actorText(t, one.issued_by)}</td>
              <td>{one.placed_at == null ? t("not_placed") : <Moment at={Date.parse(one.placed_at)} />}</td>
              <td>{one.last_used_day === null ? "–" : dayOf(one.last_used_day)}</td>
              <td>
                <Moment at={Date.parse(one.revoked_at ?? one.ends_at)} />
              </td>
              <td className="num">
                {end !== null && one.state === "live" && (
                  <button type="button" className="btn" aria-label={t("end_display", { name: one.name })} onClick={() => end(one)}>
                    {t("end")}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function AddDisplay({ close, done }: { close: () => void; done: (token: string) => void }): ReactNode {
  const t = admin.use();
  const [name, setName] = useState("");
  const [days, setDays] = useState(String(DAYS_FIRST));
  const found = displayName(name);
  const proof = useProof();
  const add = useVerb({
    run: () => proof.provedIfAsked(() => ok(api.POST("/api/v1/displays", { body: { name: found ?? "", days: Number(days) } }))),
    readAgain: [ADMIN],
    // Without a code nothing was made.
    done: (made) => made !== null && done(made.token),
    refused: () => undefined,
  });
  const isReady = found !== null && Number.isInteger(Number(days)) && Number(days) >= 1 && Number(days) <= DAYS_MAX;
  return (
    <>
      <AskDialog
        title={t("add_display")}
        says={t("add_display_says", { address: `${location.origin}/console/wall` })}
        isReady={isReady && !add.isRunning}
        problem={add.problem}
        run={() => add.act(undefined)}
        close={close}
      >
        <Field
          label={t("display_name")}
          autoFocus
          maxLength={48}
          placeholder="wall-lucknow-1"
          value={name}
          onChange={(event) => setName(event.target.value)}
          findings={nameFindings(t, name, found)}
        />
        <Field label={t("days", { most: DAYS_MAX })} inputMode="numeric" value={days} onChange={(event) => setDays(event.target.value)} />
      </AskDialog>
      {proof.dialog}
    </>
  );
}

function nameFindings(t: AdminRead, typed: string, name: string | null): readonly Finding[] {
  if (typed.trim() === "" || typed === name) return [];
  if (name === null) return [{ standing: "bad", text: t("display_name_wrong") }];
  return [{ standing: "plain", text: t("display_named", { name }) }];
}

function EndDisplay({ display, close }: { display: Display; close: () => void }): ReactNode {
  const t = admin.use();
  const proof = useProof();
  const end = useVerb({
    run: () =>
      proof.provedIfAsked(() => ok(api.POST("/api/v1/displays/{token_id}/revoke", { params: { path: { token_id: display.token_id } } }))),
    readAgain: [ADMIN],
    done: close,
    refused: () => undefined,
  });
  return (
    <>
      <AskDialog
        title={t("end_display", { name: display.name })}
        isDanger
        says={t("end_display_says")}
        isReady={!end.isRunning}
        problem={end.problem}
        run={() => end.act(undefined)}
        close={close}
      />
      {proof.dialog}
    </>
  );
}
