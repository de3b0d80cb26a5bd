/** The officers who are told of appeals above the officers of a case, and the naming of one. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { choices, useDistrictName } from "../../parts/names.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { say } from "../../parts/toasts.ts";
import { personOf } from "../../text/actors.ts";
import { appealCommands } from "./commands.ts";
import { ALL, officers } from "./reads.ts";
import { sendOfficer } from "./sends.ts";
import { appeals } from "./text.ts";

type NamedLevel = Schemas["NewGrievanceOfficer"]["level"];

const NAMED: readonly NamedLevel[] = ["dy_sp", "district_gro", "state_gro"];
const NAME_MAX_CHARS = 100;

export function Officers({ close }: { close: () => void }): ReactNode {
  const t = appeals.use();
  const { actions } = useSession();
  const [isNaming, setIsNaming] = useState(false);
  if (isNaming) return <NameOfficer close={() => setIsNaming(false)} />;
  return (
    <Modal title={appealCommands.officers.label()} close={close} className="wide">
      <p className="note acc">{t("officers.means")}</p>
      <OfficerTable />
      <div className="row">
        {actions.includes("name_grievance_officer") && (
          <button type="button" className="btn first" onClick={() => setIsNaming(true)}>
            {t("officers.name_one")}
          </button>
        )}
        <button type="button" className="btn" onClick={close}>
          {t("close")}
        </button>
      </div>
    </Modal>
  );
}

function OfficerTable(): ReactNode {
  const t = appeals.use();
  const districtOf = useDistrictName();
  const found = useQuery(officers);
  if (found.error !== null) return <ErrorState error={found.error} reset={() => void found.refetch()} />;
  if (found.isPending) return <LoadingState />;
  if (found.data.items.length === 0) return <p className="state">{t("officers.none")}</p>;
  return (
    <div className="appeals-scroll" role="region" aria-label={appealCommands.officers.label()} tabIndex={0}>
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">{t("level")}</th>
            <th scope="col">{t("district")}</th>
            <th scope="col">{t("officers.name")}</th>
            <th scope="col">{t("officers.phone")}</th>
            <th scope="col">{t("officers.email")}</th>
            <th scope="col">{t("officers.written_by")}</th>
          </tr>
        </thead>
        <tbody>
          {found.data.items.map((one) => (
            <tr key={`${one.level} ${one.district}`}>
              <td>{t(`level.${one.level}`)}</td>
              <td>{districtOf(one.district) || t("officers.state")}</td>
              <td>{one.name}</td>
              <td className="mono">{one.phone}</td>
              <td>{one.email}</td>
              <td className="xs mut">{personOf(one.written_by)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NameOfficer({ close }: { close: () => void }): ReactNode {
  const t = appeals.use();
  const [level, setLevel] = useState<NamedLevel>("district_gro");
  const [district, setDistrict] = useState("");
  const [name, setName] = useState("");
  const [phone, setPhone] = useState("");
  const [email, setEmail] = useState("");
  const districts = useQuery(choices).data?.districts ?? [];
  const isOfState = level === "state_gro";
  const verb = useVerb({
    run: () =>
      sendOfficer({
        level,
        district: isOfState ? "" : district,
        name: name.trim(),
        phone: phone.trim(),
        email: email.trim() || null,
      }),
    readAgain: [ALL],
    done: () => {
      say({ kind: "good", text: t("officers.done") });
      close();
    },
    refused: () => undefined,
  });
  return (
    <AskDialog
      title={t("officers.name_one")}
      says={t("officers.means")}
      isReady={!verb.isRunning && name.trim() !== "" && phone.trim() !== "" && (isOfState || district !== "")}
      problem={verb.problem}
      run={() => verb.act(undefined)}
      close={close}
    >
      <Choose label={t("level")} value={level} onChange={(event) => setLevel(event.target.value as NamedLevel)}>
        {NAMED.map((one) => (
          <option key={one} value={one}>
            {t(`level.${one}`)}
          </option>
        ))}
      </Choose>
      {!isOfState && (
        <Choose label={t("district")} value={district} onChange={(event) => setDistrict(event.target.value)}>
          <option value="" />
          {districts.map((one) => (
            <option key={one.code} value={one.code}>
              {t.language === "hi" ? one.hindi : one.english}
            </option>
          ))}
        </Choose>
      )}
      <Field label={t("officers.name")} autoFocus maxLength={NAME_MAX_CHARS} value={name} onChange={(event) => setName(event.target.value)} />
      <Field label={t("officers.phone")} inputMode="tel" maxLength={20} value={phone} onChange={(event) => setPhone(event.target.value)} />
      <Field label={t("officers.email")} type="email" maxLength={NAME_MAX_CHARS} value={email} onChange={(event) => setEmail(event.target.value)} />
    </AskDialog>
  );
}
