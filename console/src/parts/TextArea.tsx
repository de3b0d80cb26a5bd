import { type ReactNode, useId } from "react";

const REASON_MAX_CHARS = 500;
const REASON_MIN_CHARS = 3;

/** Whether a text is long enough for the API to take it as a reason. */
export function isReason(text: string): boolean {
  return text.trim().length >= REASON_MIN_CHARS;
}

/** A text of several lines with its label. */
export function TextArea({
  label,
  value,
  set,
  rows = 3,
  maxLength = REASON_MAX_CHARS,
  hasFocus = false,
}: {
  label: string;
  value: string;
  set: (text: string) => void;
  rows?: number;
  maxLength?: number;
  hasFocus?: boolean;
}): ReactNode {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        className="in"
        rows={rows}
        autoFocus={hasFocus}
        maxLength={maxLength}
        value={value}
        onChange={(event) => set(event.target.value)}
      />
    </div>
  );
}
