/** Two keys one after the other, such as `g t`. The second one is then no command of its own. Pure. */

export interface Press {
  readonly key: string;
  readonly timeStamp: number;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

export interface Presses {
  /** Hear of each press, and whether two keys can begin with it here. */
  readonly hear: (press: Press, begins: boolean) => void;
  /** Whether this press, which was heard last, is the second of two keys. */
  readonly isSecond: (press: Press) => boolean;
}

/** The second key comes within this time. It is the time of tinykeys, which reads the two keys. */
const BETWEEN_MS = 1_000;
const MODIFIERS: readonly string[] = ["Shift", "Control", "Alt", "Meta", "AltGraph"];

export function newPresses(): Presses {
  let beganAt: number | null = null;
  let second: Press | null = null;
  return {
    hear: (press, begins) => {
      if (MODIFIERS.includes(press.key)) return;
      const isPlain = !press.ctrlKey && !press.metaKey && !press.altKey;
      const isSecond = isPlain && beganAt !== null && press.timeStamp - beganAt < BETWEEN_MS;
      second = isSecond ? press : null;
      beganAt = !isSecond && isPlain && begins ? press.timeStamp : null;
    },
    isSecond: (press) => second === press,
  };
}
