/** Find cases by one text. The text goes in a body and stays in no address, because it may name a person. */

import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../api/client.ts";
import { ok, type Problem } from "../api/problem.ts";
import { useVerb } from "../api/verb.ts";
import { Modal } from "../parts/Modal.tsx";
import { useDistrictName } from "../parts/names.ts";
import { Why } from "../parts/SaidText.tsx";
import { dayText } from "../text/moments.ts";
import { shortRupees } from "../text/rupees.ts";
import { shell } from "./commands.ts";
import { isNumberOf, onlyHit } from "./hits.ts";
import { PAGES } from "./pages.ts";

type Page = Schemas["SearchPage"];
interface Found {
  readonly sought: string;
  readonly page: Page;
}

export default function Find({ close }: { close: () => void }): ReactNode {
  const t = shell.use();
  const navigate = useNavigate();
  const districtOf = useDistrictName();
  const [text, setText] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  const [refused, setRefused] = useState<Problem | null>(null);
  const page = found?.page;
  const hasCasePage = PAGES.some((one) => one.name === "case");
  const search = useVerb({
    run: async (sought: string) => ({ sought, page: await ok(api.POST("/api/v1/search", { body: { text: sought } })) }),
    done: (now) => {
      setFound(now);
      setRefused(null);
      const hit = onlyHit(now.page);
      if (hit !== null && isNumberOf(hit, now.sought)) open(hit);
    },
    refused: setRefused,
  });
  const open = (ackNo: string): void => {
    if (!hasCasePage) return;
    close();
    void navigate({ to: `/case/${ackNo}` });
  };
  return (
    <Modal title={t("cmd.find")} close={close} className="palette">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const sought = text.trim();
          const hit = found?.sought === sought ? onlyHit(found.page) : null;
          // A number may be of another person, so its one case is seen before it is opened and the log says who read it.
          if (hit !== null) open(hit);
          else if (sought) search.act(sought);
        }}
      >
        <label htmlFor="find-text">{t("find")}</label>
        <input
          id="find-text"
          className="in"
          autoFocus
          autoComplete="off"
          maxLength={320}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </form>
      <div role="status">
        {search.isRunning && <p className="state">{t("find.running")}</p>}
        {refused && (
          <p className="ck bad">
            <Why of={refused} />
          </p>
        )}
        {page && !search.isRunning && page.items.length === 0 && <p className="state">{t("find.none")}</p>}
      </div>
      {page && page.items.length > 0 && (
        <ul className="found">
          {page.items.map((one) => (
            <li key={one.case_ack_no}>
              {hasCasePage ? (
                <button type="button" className="btn link" onClick={() => open(one.case_ack_no)}>
                  {one.case_ack_no}
                </button>
              ) : (
                <b className="mono">{one.case_ack_no}</b>
              )}
              <span className="mut">
                {districtOf(one.district)} · {dayText(Date.parse(one.opened_at))} · {t("find.lost")}{" "}
                {shortRupees(Math.abs(one.buckets_paise["lost"] ?? 0), t.language)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {page?.is_cut && <p className="xs mut">{t("find.cut")}</p>}
    </Modal>
  );
}
