/** Shares and sums that are only likely. */

/** A share as a text: whole percents, and never all or nothing of what is only likely. */
export function share(value: number): string {
  const percent = Math.round(value * 100);
  if (percent >= 100 && value < 1) return "99%";
  if (percent <= 0 && value > 0) return "1%";
  return `${percent}%`;
}

/** A sum that is only likely, without its paise. */
export function wholeRupees(paise: number): number {
  return Math.floor(paise / 100) * 100;
}
