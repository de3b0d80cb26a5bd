/** People of a bank with logins in its inbox, and which of them two admins have confirmed. */

import { type ReactNode, useState } from "react";

import { Moment } from "../../parts/time.tsx";
import { Part } from "./Part.tsx";
import { Propose } from "./Propose.tsx";
import type { Asked, Bank } from "./reads.ts";
import { admin, named } from "./text.ts";

/** Replies by two need as many confirmed people. */
const LEAST = 2;

type Person = Bank["people"][number];

const isLive = (one: Person): boolean => one.state !== "ended";
const isConfirmed = (one: Person): boolean => isLive(one) && one.confirmed_at !== null;

/** Whether too few people of a bank are confirmed for replies by two. */
export const areTooFew = (found: Bank): boolean => found.people.filter(isConfirmed).length < LEAST;

/** A person who has no code, because the letter with it could not be sent, is told apart. */
const stateOf = (one: Person): string => {
  if (one.did_not_ask === true) return "did_not_ask";
  return one.state === "invited" && one.told_at === null && !one.is_due ? "untold" : one.state;
};

export function BankPeople({ found, tools }: { found: Bank; tools: ReactNode }): ReactNode {
  const t = admin.use();
  const { people } = found;
  return (
    <Part title={t("people")} id="h-people" tools={people.some(isLive) ? tools : undefined}>
      {found.answers_by_two && areTooFew(found) && <p className="note warn">{t("people_too_few_confirmed")}</p>}
      {people.length === 0 ? (
        <p className="mut sm">{t("no_people")}</p>
      ) : (
        <ul className="admin-lines">
          {people.map((one) => (
            <li key={one.person_id} className={isLive(one) ? undefined : "mut"}>
              <b>{one.name}</b>, {one.designation} · {one.email} · {named(t, "person", stateOf(one))} ·{" "}
              {one.confirmed_at === null ? (
                t("person_not_confirmed")
              ) : (
                <>
                  {t("person_confirmed")} <Moment at={Date.parse(one.confirmed_at)} />
                </>
              )}{" "}
              · {t("last_sign_in")}: {one.last_sign_in_at === null ? t("never") : <Moment at={Date.parse(one.last_sign_in_at)} />}
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

/** Which logins are of other persons: what is ticked or unticked is proposed. */
export function ConfirmPeople({ found, close }: { found: Bank; close: () => void }): ReactNode {
  const t = admin.use();
  const live = found.people.filter(isLive);
  const [ticked, tick] = useState<ReadonlySet<string>>(new Set(live.filter(isConfirmed).map((one) => one.person_id)));
  const change = (id: string, isTicked: boolean): void => {
    const next = new Set(ticked);
    if (isTicked) next.add(id);
    else next.delete(id);
    tick(next);
  };
  const confirmed = live.filter((one) => !isConfirmed(one) && ticked.has(one.person_id)).map((one) => one.person_id);
  const taken_back = live.filter((one) => isConfirmed(one) && !ticked.has(one.person_id)).map((one) => one.person_id);
  const asked: Asked | null =
    confirmed.length + taken_back.length > 0 ? { kind: "bank_people_confirmed", code: found.item.code, confirmed, taken_back } : null;
  return (
    <Propose title={t("confirm_people")} asked={asked} says={t("confirm_people_says")} close={close}>
      <fieldset>
        <legend className="lab">{t("people")}</legend>
        {live.map((one) => (
          <label key={one.person_id} className="row">
            <input type="checkbox" checked={ticked.has(one.person_id)} onChange={(event) => change(one.person_id, event.target.checked)} /> {one.name},{" "}
            {one.designation} · {one.email}
          </label>
        ))}
      </fieldset>
      {found.answers_by_two && taken_back.length > 0 && ticked.size < LEAST && (
        <p className="note warn" role="status">
          {t("people_too_few_left")}
        </p>
      )}
    </Propose>
  );
}
