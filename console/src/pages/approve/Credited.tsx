/** Where the money is credited. It stands out only if it is not the account that paid, which is how such a scheme is robbed. */

import { type ReactNode, useEffect, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { readerOf } from "../../api/readReason.ts";
import { useVerb } from "../../api/verb.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { useBankName } from "../../parts/names.ts";
import { Moment } from "../../parts/time.tsx";
import { personOf } from "../../text/actors.ts";
import { approveCommands } from "./commands.ts";
import { type File, otherAccountOf, type View } from "./figures.ts";
import { approve } from "./text.ts";

/** How long a full account stays on the screen. */
const SHOWN_MS = 30_000;

export function Credited({ view, file }: { view: View; file: File }): ReactNode {
  const t = approve.use();
  const bankOf = useBankName();
  const other = otherAccountOf(view);
  const proposed = file.credit_account;
  return (
    <section className="panel" aria-labelledby="h-credited">
      <header>
        <h2 id="h-credited">{t("credited")}</h2>
      </header>
      <div className="pad">
        {other && <p className="band">! {t("credited.other")}</p>}
        {proposed !== null && proposed.confirmed_at === null && <p className="band">! {t("credited.proposed")}</p>}
        <dl className="sm">
          {view.beneficiaries.map((one) => (
            <div key={`${one.institution} ${one.account_end}`}>
              <dt>{t("credited.account")}</dt>
              <dd>
                <b>
                  {bankOf(one.institution)} <span className="mono">••••••{one.account_end}</span>
                </b>
                {!other && <span className="mut"> · {t("credited.paid")}</span>}
                {!one.in_application && <span className="bad b"> ! {t("credited.not_in_application")}</span>}
              </dd>
            </div>
          ))}
          {proposed !== null && <OtherAccount one={proposed} />}
        </dl>
        <InFull key={view.restoration_id} restorationId={view.restoration_id} />
      </div>
    </section>
  );
}

function OtherAccount({ one }: { one: Schemas["CreditAccountOfFile"] }): ReactNode {
  const t = approve.use();
  const bankOf = useBankName();
  return (
    <>
      {one.confirmed_at === null && (
        <div>
          <dt>{t("credited.new")}</dt>
          <dd>
            <b>
              {bankOf(one.institution)} <span className="mono">••••••{one.account_end}</span>
            </b>
          </dd>
        </div>
      )}
      <div>
        <dt>{t("credited.name")}</dt>
        <dd>{one.same_name ? <><span className="good b">✓</span> {t("credited.same_name")}</> : <b className="warn">! {t("credited.other_name")}</b>}</dd>
      </div>
      <div>
        <dt>{t("credited.why")}</dt>
        <dd>{one.reason}</dd>
      </div>
      <div>
        <dt>{t("credited.told_by")}</dt>
        <dd>
          {personOf(one.told_by)}, <Moment at={Date.parse(one.told_at)} />. {t("credited.proof")} {one.proof}
        </dd>
      </div>
      <div>
        <dt>{t("credited.confirmed_by")}</dt>
        <dd>
          {one.confirmed_at === null ? (
            <b className="bad">{t("credited.not_confirmed")}</b>
          ) : (
            <>
              {personOf(one.confirmed_by)}, <Moment at={Date.parse(one.confirmed_at)} />. {t("credited.typed_again")}
            </>
          )}
        </dd>
      </div>
      {one.object_until !== null && (
        <div>
          <dt>{t("credited.object_until")}</dt>
          <dd>
            <Moment at={Date.parse(one.object_until)} />
          </dd>
        </div>
      )}
    </>
  );
}

/** The full account, hidden until the officer asks, because reading it is logged. */
function InFull({ restorationId }: { restorationId: string }): ReactNode {
  const t = approve.use();
  const [found, setFound] = useState<Schemas["CreditedAccounts"] | null>(null);
  const verb = useVerb({
    run: (_: null) =>
      ok(
        readerOf(restorationId).GET("/api/v1/restorations/{restoration_id}/credited-accounts", {
          params: { path: { restoration_id: restorationId } },
        }),
      ),
    done: setFound,
  });
  useEffect(() => {
    if (found === null) return undefined;
    const timer = setTimeout(() => setFound(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [found]);
  return (
    <div className="in-full sm" aria-live="polite">
      {found?.items.map((one) => (
        <p key={one.account}>
          <b className="mono">{one.account}</b>
          {one.ifsc && (
            <>
              {" "}
              · IFSC <span className="mono">{one.ifsc}</span>
            </>
          )}
        </p>
      ))}
      {found === null ? (
        <CommandButton command={approveCommands.show} run={() => verb.act(null)} isDisabled={verb.isRunning} />
      ) : (
        <button type="button" className="btn" onClick={() => setFound(null)}>
          {t("hide")}
        </button>
      )}{" "}
      <span className="xs mut">{t("show.logged")}</span>
    </div>
  );
}
