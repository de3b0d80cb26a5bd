import { type ReactNode, useId } from "react";

/** A text of several lines with its label. */
export function TextArea({
  label,
  value,
  set,
  rows = 3,
  maxLength,
  hasFocus = false,
}: {
  label: string;
  value: string;
  set: (text: string) => void;
  rows?: number;
  maxLength: number;
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
