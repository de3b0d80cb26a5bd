/** Proposals about one bank: its entry, its login and its keys. */

import { type ReactNode, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { Choose, Field } from "../../parts/Field.tsx";
import { areTooFew } from "./BankPeople.tsx";
import { isPublicKey, keyOf } from "./bankKey.ts";
import { ListField } from "./ListField.tsx";
import { Propose } from "./Propose.tsx";
import type { Asked, Bank } from "./reads.ts";
import { admin, named } from "./text.ts";

type Channel = Schemas["ChannelKind"];

const CLASSES: readonly Schemas["AnswerClass"][] = ["api", "seat", "mail"];
const TEXT_MAX = 200;

const isSame = (one: readonly string[], other: readonly string[]): boolean => one.join("\n") === other.join("\n");

export function ChangeBank({ found, close }: { found: Bank; close: () => void }): ReactNode {
  const t = admin.use();
  const { item } = found;
  const [name, setName] = useState(item.name);
  const [email, setEmail] = useState(item.desk_email);
  const [answers, setAnswers] = useState(item.answer_class);
  const [sponsor, setSponsor] = useState(item.sponsor ?? "");
  const [ifsc, setIfsc] = useState<readonly string[]>(found.ifsc_prefixes);
  const [handles, setHandles] = useState<readonly string[]>(found.vpa_handles);
  const [aliases, setAliases] = useState<readonly string[]>(found.aliases);
  const [prefixes, setPrefixes] = useState<readonly string[]>(found.account_prefixes);
  const [channels, setChannels] = useState<readonly Channel[]>(item.channels);
  const [atOnce, setAtOnce] = useState(String(found.calls_at_once ?? ""));
  const [byTwo, setByTwo] = useState(found.answers_by_two);
  // The server refuses it too. Without two confirmed people no reply could be given.
  const mayNotBeByTwo = !found.answers_by_two && areTooFew(found);
  const [aSecond, setASecond] = useState(String(found.calls_a_second ?? ""));
  // A field that is left out stays as it is.
  const changed = {
    ...(name.trim() !== item.name && { name: name.trim() }),
    ...(email.trim() !== item.desk_email && { desk_email: email.trim() }),
    ...(answers !== item.answer_class && { answer_class: answers }),
    ...(sponsor.trim() !== (item.sponsor ?? "") && { sponsor: sponsor.trim().toUpperCase() }),
    ...(!isSame(ifsc, found.ifsc_prefixes) && { ifsc_prefixes: [...ifsc] }),
    ...(!isSame(handles, found.vpa_handles) && { vpa_handles: [...handles] }),
    ...(!isSame(aliases, found.aliases) && { aliases: [...aliases] }),
    ...(!isSame(prefixes, found.account_prefixes) && { account_prefixes: [...prefixes] }),
    ...(!isSame(channels, item.channels) && { channels: [...channels] }),
    ...(atOnce !== String(found.calls_at_once ?? "") && { calls_at_once: Number(atOnce) }),
    ...(byTwo !== found.answers_by_two && { answers_by_two: byTwo }),
    ...(aSecond !== String(found.calls_a_second ?? "") && { calls_a_second: Number(aSecond) }),
  };
  const asked: Asked | null = Object.keys(changed).length > 0 ? { kind: "institution_changed", code: item.code, ...changed } : null;
  return (
    <Propose title={t("change_bank_of", { name: item.name })} asked={asked} close={close}>
      <div className="admin-fields">
        <Field label={t("name")} autoFocus maxLength={TEXT_MAX} value={name} onChange={(event) => setName(event.target.value)} />
        <Field label={t("desk_email")} maxLength={TEXT_MAX} value={email} onChange={(event) => setEmail(event.target.value)} />
        <Choose label={t("answer_class")} value={answers} onChange={(event) => setAnswers(event.target.value as Schemas["AnswerClass"])}>
          {CLASSES.map((one) => (
            <option key={one} value={one}>
              {named(t, "answers", one)}
            </option>
          ))}
        </Choose>
        <Field label={t("sponsor")} maxLength={20} isMono value={sponsor} onChange={(event) => setSponsor(event.target.value)} />
        <Field label={t("calls_at_once")} inputMode="numeric" value={atOnce} onChange={(event) => setAtOnce(event.target.value)} />
        <Field label={t("calls_a_second")} inputMode="decimal" value={aSecond} onChange={(event) => setASecond(event.target.value)} />
      </div>
      <label className="row">
        <input
          type="checkbox"
          checked={byTwo}
          disabled={mayNotBeByTwo}
          aria-describedby={mayNotBeByTwo ? "by-two-needs" : undefined}
          onChange={(event) => setByTwo(event.target.checked)}
        />{" "}
        {t("answers_by_two")}
      </label>
      {mayNotBeByTwo && (
        <p className="mut sm" id="by-two-needs">
          {t("answers_by_two_needs")}
        </p>
      )}
      <ChannelOrder channels={channels} change={setChannels} />
      <ListField label={t("ifsc")} values={ifsc} change={setIfsc} />
      <ListField label={t("handles")} values={handles} change={setHandles} />
      <ListField label={t("aliases")} values={aliases} change={setAliases} />
      {sponsor.trim() !== "" && <ListField label={t("account_prefixes")} values={prefixes} change={setPrefixes} />}
    </Propose>
  );
}

/** The order in which channels are tried. A channel that is taken out loses its credentials. */
function ChannelOrder({ channels, change }: { channels: readonly Channel[]; change: (channels: readonly Channel[]) => void }): ReactNode {
  const t = admin.use();
  const earlier = (place: number): void => {
    const moved = [...channels];
    moved.splice(place - 1, 0, ...moved.splice(place, 1));
    change(moved);
  };
  if (channels.length === 0) return <p className="mut sm">{t("channels_by_command")}</p>;
  return (
    <fieldset>
      <legend className="lab">{t("channels_order")}</legend>
      <ol className="admin-channels">
        {channels.map((one, place) => (
          <li key={one} className="row">
            {place + 1}. {named(t, "channel", one)}
            <span className="push row">
              {place > 0 && (
                <button type="button" className="btn" aria-label={t("earlier", { channel: named(t, "channel", one) })} onClick={() => earlier(place)}>
                  ↑
                </button>
              )}
              <button
                type="button"
                className="btn"
                aria-label={t("take_out", { value: named(t, "channel", one) })}
                onClick={() => change(channels.filter((other) => other !== one))}
              >
                ×
              </button>
            </span>
          </li>
        ))}
      </ol>
      <p className="mut xs">{t("channel_taken_out")}</p>
    </fieldset>
  );
}

export function ReplaceLogin({ found, close }: { found: Bank; close: () => void }): ReactNode {
  const t = admin.use();
  const [email, setEmail] = useState(found.login?.email ?? "");
  const asked: Asked | null = email.trim() ? { kind: "bank_login_replaced", code: found.item.code, email: email.trim() } : null;
  return (
    <Propose title={t("replace_login")} asked={asked} close={close}>
      <p className="note warn">{t("replace_login_says")}</p>
      <Field label={t("login_email")} autoFocus maxLength={TEXT_MAX} value={email} onChange={(event) => setEmail(event.target.value)} />
    </Propose>
  );
}

export function AddKey({ code, close }: { code: string; close: () => void }): ReactNode {
  const t = admin.use();
  const [keyId, setKeyId] = useState("");
  const [typed, setTyped] = useState("");
  const publicKey = keyOf(typed);
  const isKey = isPublicKey(publicKey);
  const asked: Asked | null = keyId.trim() && isKey ? { kind: "bank_key_added", code, key_id: keyId.trim(), public_key: publicKey } : null;
  return (
    <Propose title={t("add_key")} asked={asked} close={close}>
      <p className="note warn">{t("add_key_says")}</p>
      <Field label={t("key_id")} autoFocus isMono maxLength={100} value={keyId} onChange={(event) => setKeyId(event.target.value)} />
      <Field
        label={t("public_key")}
        isMono
        maxLength={500}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        findings={typed.trim() && !isKey ? [{ standing: "bad", text: t("public_key_wrong") }] : []}
      />
    </Propose>
  );
}

export function EndKey({ code, keyId, close }: { code: string; keyId: string; close: () => void }): ReactNode {
  const t = admin.use();
  return <Propose title={t("end_key_of", { key: keyId })} asked={{ kind: "bank_key_ended", code, key_id: keyId }} close={close} />;
}
