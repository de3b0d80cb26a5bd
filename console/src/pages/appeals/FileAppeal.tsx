/** The appeal of an account holder who has come in person: by the number of the case, the hold and what the holder says. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { TextArea } from "../../parts/TextArea.tsx";
import { say } from "../../parts/toasts.ts";
import type { Language } from "../../text/language.ts";
import { rupees } from "../../text/rupees.ts";
import { appealCommands } from "./commands.ts";
import { ALL, holdsOfCase } from "./reads.ts";
import { sendAppeal } from "./sends.ts";
import { appeals } from "./text.ts";

const NUMBER = /^[0-9]{14}$/;
const TEXT_MIN_CHARS = 10;
const TEXT_MAX_CHARS = 2000;
const CONTACT_MAX_CHARS = 200;
const LANGUAGES: readonly Language[] = ["hi", "en"];

export function FileAppeal({
  close,
  filed,
}: {
  close: () => void;
  filed: (grievanceId: string) => void;
}): ReactNode {
  const t = appeals.use();
  const [number, setNumber] = useState("");
  const [holdId, setHoldId] = useState("");
  const [text, setText] = useState("");
  const [spoken, setSpoken] = useState<Language>("hi");
  const [contact, setContact] = useState("");
  const isNumber = NUMBER.test(number.trim());
  const holds = useQuery({ ...holdsOfCase(number.trim()), enabled: isNumber });
  const chosen = holdId || holds.data?.items[0]?.hold_id || "";
  const verb = useVerb({
    run: () => sendAppeal(chosen, text.trim(), spoken, contact.trim()),
    readAgain: [ALL],
    done: (result) => {
      say({ kind: "good", text: t("filed", { number: result.number }) });
      filed(result.grievance_id);
    },
    refused: () => undefined,
  });
  const found = holds.error !== null ? holds.error.message : holds.data?.items.length === 0 ? t("file.none") : "";
  return (
    <AskDialog
      title={appealCommands.file.label()}
      says={t("says.file")}
      isReady={!verb.isRunning && chosen !== "" && text.trim().length >= TEXT_MIN_CHARS}
      problem={verb.problem}
      run={() => verb.act(undefined)}
      close={close}
    >
      <Field
        label={t("file.number")}
        autoFocus
        inputMode="numeric"
        maxLength={14}
        value={number}
        onChange={(event) => {
          setNumber(event.target.value);
          setHoldId("");
        }}
        findings={found ? [{ standing: "bad", text: found }] : []}
        isMono
      />
      {(holds.data?.items.length ?? 0) > 0 && (
        <Choose label={t("file.hold")} value={chosen} onChange={(event) => setHoldId(event.target.value)}>
          {holds.data?.items.map((one) => (
            <option key={one.hold_id} value={one.hold_id}>
              {`${one.reference} · ${one.institution} · ${rupees(one.held_paise)}`}
            </option>
          ))}
        </Choose>
      )}
      <TextArea label={t("file.text")} value={text} set={setText} rows={5} maxLength={TEXT_MAX_CHARS} />
      <Choose label={t("file.language")} value={spoken} onChange={(event) => setSpoken(event.target.value as Language)}>
        {LANGUAGES.map((one) => (
          <option key={one} value={one}>
            {t(`language.${one}`)}
          </option>
        ))}
      </Choose>
      <Field
        label={t("file.contact")}
        maxLength={CONTACT_MAX_CHARS}
        value={contact}
        onChange={(event) => setContact(event.target.value)}
      />
    </AskDialog>
  );
}
