/** What the victim of a complaint answered about the police, for a supervisor. Officers of the case do not read it. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { problemOf } from "../../../api/problem.ts";
import { Why } from "../../../parts/SaidText.tsx";
import { localText } from "../../../text/moments.ts";
import { actsText } from "../acts/text.ts";
import { treatmentOf } from "../data.ts";

export function Treatment({ complaint, ackNo }: { complaint: string; ackNo: string }): ReactNode {
  const a = actsText.use();
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="xs">{a("treatment")}</summary>
      {isOpen && <Report complaint={complaint} ackNo={ackNo} />}
    </details>
  );
}

function Report({ complaint, ackNo }: { complaint: string; ackNo: string }): ReactNode {
  const a = actsText.use();
  const { data, error } = useQuery(treatmentOf(ackNo, complaint));
  if (error !== null) return <p className="xs bad"><Why of={problemOf(error)} /></p>;
  if (data === undefined) return <p className="xs mut">{a("loading")}</p>;
  if (data === null) return <p className="xs mut">{a("treatment.none")}</p>;
  return (
    <div className="sub">
      <span className="xs">
        {data.is_alarming && <span className="chip warn">{a("treatment.alarming")}</span>}{" "}
        <span className="mut">{localText(data.answered_on)}</span>
      </span>
      <p>{data.text === "" ? a("treatment.no_text") : data.text}</p>
    </div>
  );
}
