import type { ReactNode } from "react";

import { parts } from "./catalogue.ts";
import { SaidText } from "./SaidText.tsx";
import { close, useMessages } from "./toasts.ts";

/** Messages of acts that were refused or done. A refusal is told at once, all others when the reader pauses. */
export function Messages(): ReactNode {
  const t = parts.use();
  const messages = useMessages();
  return (
    <div className="messages">
      <div role="alert">
        {messages
          .filter((one) => one.kind === "bad")
          .map((one) => (
            <p key={one.id} className="message bad">
              <span>
                <SaidText said={one} />
              </span>
              <button type="button" className="btn link" onClick={() => close(one.id)}>
                {t("close")}
              </button>
            </p>
          ))}
      </div>
      <div role="status">
        {messages
          .filter((one) => one.kind !== "bad")
          .map((one) => (
            <p key={one.id} className={`message ${one.kind}`}>
              <span>
                <SaidText said={one} />
              </span>
              <button type="button" className="btn link" onClick={() => close(one.id)}>
                {t("close")}
              </button>
            </p>
          ))}
      </div>
    </div>
  );
}
