/** The appeal of an account holder who has come in person: by the number of the case, the hold and what the holder says. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { problemOf } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { useBankName } from "../../parts/names.ts";
import { TextArea } from "../../parts/TextArea.tsx";
import { say } from "../../parts/toasts.ts";
import type { Language } from "../../text/language.ts";
import { rupees } from "../../text/rupees.ts";
import { appealCommands } from "./commands.ts";
import { namedBy } from "./named.ts";
import { ALL, holdsOf } from "./reads.ts";
import { sendAppeal } from "./sends.ts";
import { appeals } from "./text.ts";

/** a number with the blanks and hyphens of its reading */
const TYPED_MAX_CHARS = 30;
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
  const bankOf = useBankName();
  const [number, setNumber] = useState("");
  const [holdId, setHoldId] = useState("");
  const [text, setText] = useState("");
  const [spoken, setSpoken] = useState<Language>("hi");
  const [contact, setContact] = useState("");
  const [isLeft, setLeft] = useState(false);
  const named = namedBy(number);
  const holds = useQuery({ ...holdsOf(named ?? { ack_no: "" }), enabled: named !== null });
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
  const none = named !== null && "reference" in named ? t("file.none_of_reference") : t("file.none");
  const wrong = isLeft && number.trim() !== "" && named === null ? t("file.neither") : "";
  const found = holds.error === null ? { text: holds.data?.items.length === 0 ? none : wrong } : problemOf(holds.error).said();
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
        maxLength={TYPED_MAX_CHARS}
        value={number}
        onChange={(event) => {
          setNumber(event.target.value);
          setHoldId("");
        }}
        onBlur={() => setLeft(true)}
        findings={found.text ? [{ standing: "bad", ...found }] : []}
        isMono
      />
      {(holds.data?.items.length ?? 0) > 0 && (
        <Choose label={t("file.hold")} value={chosen} onChange={(event) => setHoldId(event.target.value)}>
          {holds.data?.items.map((one) => (
            <option key={one.hold_id} value={one.hold_id}>
              {`${bankOf(one.institution)} ••${one.account_end} · ${rupees(one.held_paise)} · ${one.reference}`}
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
