/** How long ago the money left, what is left of the first hour, and whether all that is typed is saved. */

import type { ReactNode } from "react";

import { CommandButton } from "../../parts/Button.tsx";
import { Why } from "../../parts/SaidText.tsx";
import { Since, Until } from "../../parts/time.tsx";
import { useNow } from "../../text/clock.ts";
import { timeText } from "../../text/moments.ts";
import { callCommands } from "./commands.ts";
import { firstMoment } from "./content.ts";
import type { Kept } from "./keeper.ts";
import { call } from "./text.ts";

const HOUR_MS = 3_600_000;

export function CallLine({
  kept,
  isSent,
  handOver,
  end,
  finish,
}: {
  kept: Kept;
  isSent: boolean;
  handOver: () => void;
  end: () => void;
  finish: () => void;
}): ReactNode {
  const t = call.use();
  const now = useNow();
  const first = firstMoment(kept.content, now);
  return (
    <div className="call-line">
      {first === null ? (
        <span className="mut">{t("no_time_yet")}</span>
      ) : (
        <>
          <span>
            <span className="mut">{t("money_left")}</span>{" "}
            <b className="hot">
              <Since at={first} />
            </b>{" "}
            <span className="mut">{t("ago", { at: timeText(first) })}</span>
          </span>
          {now - first < HOUR_MS ? (
            <span>
              <span className="mut">{t("hour_ends")}</span>{" "}
              <b className="hot warn">
                <Until at={first + HOUR_MS} />
              </b>
            </span>
          ) : (
            <span className="mut">{t("hour_over")}</span>
          )}
        </>
      )}
      <span className={`push ${kept.saving === "no_line" || kept.saving === "refused" ? "bad b" : "mut"}`} role="status">
        {kept.saving === "refused" && kept.problem ? <Why of={kept.problem} /> : savedText(t, kept)}
      </span>
      <CommandButton command={callCommands.hand_over} run={handOver} />
      {isSent ? (
        <CommandButton command={callCommands.finish} run={finish} />
      ) : (
        <CommandButton command={callCommands.end} run={end} />
      )}
    </div>
  );
}

function savedText(t: ReturnType<typeof call.use>, kept: Kept): string {
  if (kept.saving === "saved") return t("saved", { at: timeText(kept.savedAt) });
  return kept.saving === "no_line" ? t("no_line") : t("typing");
}
