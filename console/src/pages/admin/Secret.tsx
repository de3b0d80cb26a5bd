/** A link, a code or a token to pass on, which is shown once. */

import type { ReactNode } from "react";

import { say } from "../../parts/toasts.ts";
import { admin } from "./text.ts";

export function Secret({ text }: { text: string }): ReactNode {
  const t = admin.use();
  return (
    <p className="admin-secret">
      <code className="mono">{text}</code>
      <button
        type="button"
        className="btn"
        onClick={() => void navigator.clipboard.writeText(text).then(() => say({ kind: "good", text: t("copied") }))}
      >
        {t("copy")}
      </button>
    </p>
  );
}
