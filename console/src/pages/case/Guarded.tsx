/** In a protected case: why parts of the page are empty for this officer, and how they are read with a reason. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { problemOf } from "../../api/problem.ts";
import { giveReadReason, NEEDS_REASON } from "../../api/readReason.ts";
import { ReadReason } from "../../parts/ReadReason.tsx";
import { casePart, documentsOf, victimPart } from "./data.ts";
import { caseText } from "./text.ts";

/** The documents stand for all parts that can name the victim: the server asks for a reason for all of them or none. */
export function Guarded({ ackNo }: { ackNo: string }): ReactNode {
  const t = caseText.use();
  const client = useQueryClient();
  const [isAsked, setAsked] = useState(false);
  const { error } = useQuery(documentsOf(ackNo));
  if (error === null || problemOf(error).code !== NEEDS_REASON) return null;
  const read = (reason: string): void => {
    giveReadReason(ackNo, reason);
    for (const queryKey of [casePart(ackNo), victimPart(ackNo)]) void client.invalidateQueries({ queryKey });
  };
  if (isAsked) return <ReadReason read={read} />;
  return (
    <p className="note warn">
      {t("guarded")}{" "}
      <button type="button" className="btn" onClick={() => setAsked(true)}>
        {t("guarded.ask")}
      </button>
    </p>
  );
}
