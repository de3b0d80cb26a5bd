/** A merge is looked at before it is done: sums, transfers that both cases tell, and what forbids it. */

import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../../api/client.ts";
import { ok, type Problem } from "../../../api/problem.ts";
import { useVerb } from "../../../api/verb.ts";
import { AskDialog } from "../../../parts/AskDialog.tsx";
import { Field } from "../../../parts/Field.tsx";
import { ReasonField } from "../../../parts/ReasonField.tsx";
import { SaidText } from "../../../parts/SaidText.tsx";
import { say } from "../../../parts/toasts.ts";
import { isReason } from "../../../text/reason.ts";
import { rupees } from "../../../text/rupees.ts";
import { fetchSentences, saidOf } from "../../../text/sentences.ts";
import { Facts } from "../acts/ActDialog.tsx";
import { actsText } from "../acts/text.ts";
import { casePart } from "../data.ts";
import { caseText } from "../text.ts";

type Preview = Schemas["MergePreview"];
type Likely = Preview["likely"][number];

const keyOf = (one: Likely): string => `${one.hop_no} ${one.other_hop_no}`;
const lost = (sums: Readonly<Record<string, number>>): string => rupees(Math.abs(sums["lost"] ?? 0));

export default function MergeDialog({ ackNo, close }: { ackNo: string; close: () => void }): ReactNode {
  const t = caseText.use();
  const a = actsText.use();
  const [other, setOther] = useState("");
  const [isAgreed, setAgreed] = useState(false);
  const [same, setSame] = useState<readonly Likely[]>([]);
  const [reason, setReason] = useState("");
  const [preview, setPreview] = useState<Preview | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const params = { path: { ack_no: ackNo } };
  const question = {
    // It is read out, and shown at the call, in parts with hyphens.
    other_ack_no: other.replace(/[\s-]/g, ""),
    victims_agree: isAgreed,
    same_transfers: same.map(({ hop_no, other_hop_no }) => ({ hop_no, other_hop_no })),
  };
  const look = useVerb({
    run: async (_: null) => {
      const found = await ok(api.POST("/api/v1/cases/{ack_no}/merges/preview", { params, body: question }));
      // What hinders a merge is no refusal, but it is said by the same sentences.
      if (found.blocks.length > 0) await fetchSentences();
      return found;
    },
    done: (found) => {
      setPreview(found);
      setProblem(null);
    },
    refused: setProblem,
  });
  const merge = useVerb({
    run: (_: null) => ok(api.POST("/api/v1/cases/{ack_no}/merges", { params, body: { ...question, reason: reason.trim() } })),
    readAgain: [casePart(ackNo)],
    done: (done) => {
      say({ kind: "good", text: a(done.state === "in_force" ? "merge.done" : "merge.waits") });
      close();
    },
    refused: setProblem,
  });
  // What was seen is of these answers only.
  const change = (then: () => void): void => {
    then();
    setPreview(null);
  };
  const isSeen = preview !== null && preview.blocks.length === 0;
  const isReady = isSeen ? isReason(reason) && !merge.isRunning : other.trim() !== "" && !look.isRunning;
  return (
    <AskDialog
      title={t("cmd.merge")}
      act={isSeen ? a(preview.needs_second ? "merge.propose" : "merge.now") : a("merge.look")}
      isReady={isReady}
      problem={problem}
      run={() => (isSeen ? merge : look).act(null)}
      close={close}
      isFirm
    >
      <Field
        label={a("merge.other")}
        value={other}
        isMono
        autoFocus
        maxLength={20}
        onChange={(event) => change(() => setOther(event.target.value))}
      />
      <label className="tick">
        <input type="checkbox" checked={isAgreed} onChange={(event) => change(() => setAgreed(event.target.checked))} />{" "}
        {a("merge.victims_agree")}
      </label>
      {preview && <Seen preview={preview} same={same} setSame={(now) => change(() => setSame(now))} />}
      {isSeen && <ReasonField value={reason} set={setReason} />}
    </AskDialog>
  );
}

function Seen({
  preview,
  same,
  setSame,
}: {
  preview: Preview;
  same: readonly Likely[];
  setSame: (same: readonly Likely[]) => void;
}): ReactNode {
  const a = actsText.use();
  const chosen = new Set(same.map(keyOf));
  const listed = [...same, ...preview.likely.filter((one) => !chosen.has(keyOf(one)))];
  return (
    <>
      <Facts
        facts={[
          [a("merge.primary"), `${preview.primary_case_no} · ${lost(preview.primary_paise)}`],
          [a("merge.merged"), `${preview.merged_case_no} · ${lost(preview.merged_paise)}`],
          [a("merge.together"), lost(preview.together_paise)],
          [a("merge.both_tell"), String(preview.transfers.length)],
        ]}
      />
      {listed.map((one) => (
        <label key={keyOf(one)} className="tick">
          <input
            type="checkbox"
            checked={chosen.has(keyOf(one))}
            onChange={(event) =>
              setSame(event.target.checked ? [...same, one] : same.filter((each) => keyOf(each) !== keyOf(one)))
            }
          />{" "}
          {a("merge.likely", { hop: one.hop_no, other: one.other_hop_no, sum: rupees(one.amount_paise) })}
        </label>
      ))}
      {preview.needs_second && <p className="note acc">{a("merge.second")}</p>}
      {preview.blocks.map((block) => (
        <p key={block.code} className="note bad">
          <SaidText said={saidOf(block) ?? { text: block.detail, lang: "en" }} />
        </p>
      ))}
    </>
  );
}
