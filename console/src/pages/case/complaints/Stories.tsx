/** What happened, as the victim of a complaint told it. It is read when an officer opens it, and the reading is logged. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { problemOf } from "../../../api/problem.ts";
import { Why } from "../../../parts/SaidText.tsx";
import { Moment } from "../../../parts/time.tsx";
import { actsText } from "../acts/text.ts";
import { storiesOf } from "../data.ts";

export function Stories({ complaint, ackNo }: { complaint: string; ackNo: string }): ReactNode {
  const a = actsText.use();
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="xs">{a("stories")}</summary>
      {isOpen && <StoryList complaint={complaint} ackNo={ackNo} />}
    </details>
  );
}

function StoryList({ complaint, ackNo }: { complaint: string; ackNo: string }): ReactNode {
  const a = actsText.use();
  const { data, error } = useQuery(storiesOf(ackNo, complaint));
  if (error !== null) return <p className="xs bad"><Why of={problemOf(error)} /></p>;
  if (data === undefined) return <p className="xs mut">{a("loading")}</p>;
  if (data.length === 0) return <p className="xs mut">{a("stories.none")}</p>;
  return data.map((one) => (
    <div key={one.story_no} className="sub">
      <span className="xs mut">
        <Moment at={Date.parse(one.told_at)} />
      </span>{" "}
      {one.consent === false && <span className="chip warn">{a("stories.no_consent")}</span>}
      <p className="told">{one.text || "–"}</p>
    </div>
  ));
}
