/** Changes of keys that banks have asked for: each is compared by telephone, and two admins confirm or refuse it. */

import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { useBankName } from "../../parts/names.ts";
import { Moment } from "../../parts/time.tsx";
import { Part } from "./Part.tsx";
import { Propose } from "./Propose.tsx";
import { type KeyRequest, useIsAdmin } from "./reads.ts";
import { admin, named } from "./text.ts";

interface Open {
  readonly request: KeyRequest;
  readonly answer: "confirmed" | "refused";
}

/** `namesBank` where the list is of all banks. Nothing is shown where none waits. */
export function KeyRequests({ asked, namesBank = false }: { asked: readonly KeyRequest[]; namesBank?: boolean }): ReactNode {
  const t = admin.use();
  const bankOf = useBankName();
  const isAdmin = useIsAdmin();
  const [open, setOpen] = useState<Open | null>(null);
  if (asked.length === 0) return null;
  return (
    <Part title={t("key_requests")} id="h-key-requests">
      <p className="note warn">{t("key_requests_says")}</p>
      <ul className="admin-key-requests">
        {asked.map((one) => (
          <li key={one.change_id}>
            <p>
              {namesBank && (
                <>
                  <Link to="/directory/$code" params={{ code: one.institution }}>
                    {bankOf(one.institution)}
                  </Link>{" "}
                  ·{" "}
                </>
              )}
              <b>{t(one.kind === "add" ? "key_request_add" : "key_request_end", { key: one.key_id })}</b>{" "}
              <span className="mut">
                {t("key_request_asked")} <Moment at={Date.parse(one.asked_at)} /> · {t("valid_until")} <Moment at={Date.parse(one.ends_at)} />
              </span>
            </p>
            <p>{t("key_request_who", { name: one.asker_name || "–", designation: one.asker_designation || "–" })}</p>
            <p className="mono admin-print">{one.fingerprint}</p>
            {isAdmin && (
              <p className="row wrap">
                <button
                  type="button"
                  className="btn"
                  aria-label={t("confirm_key_request_of", { key: one.key_id, bank: bankOf(one.institution) })}
                  onClick={() => setOpen({ request: one, answer: "confirmed" })}
                >
                  {t("confirm_key_request")}
                </button>
                <button
                  type="button"
                  className="btn"
                  aria-label={t("refuse_key_request_of", { key: one.key_id, bank: bankOf(one.institution) })}
                  onClick={() => setOpen({ request: one, answer: "refused" })}
                >
                  {t("refuse")}
                </button>
              </p>
            )}
          </li>
        ))}
      </ul>
      {open !== null && <Decide open={open} close={() => setOpen(null)} />}
    </Part>
  );
}

function Decide({ open: { request, answer }, close }: { open: Open; close: () => void }): ReactNode {
  const t = admin.use();
  const bankOf = useBankName();
  const says = answer === "confirmed" ? t("confirm_key_request_says") : t("refuse_key_request_says");
  return (
    <Propose
      title={`${named(t, "key_answer", answer)}: ${bankOf(request.institution)}, ${request.key_id}`}
      asked={{ kind: "bank_key_request_decided", code: request.institution, change_id: request.change_id, answer }}
      says={says}
      close={close}
    />
  );
}
