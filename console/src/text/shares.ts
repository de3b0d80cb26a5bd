/** Percent that sum to a hundred. */

/** Return each value in whole percent of all; the largest remainders are rounded up, so that they sum to 100. */
export function percents(values: readonly number[]): number[] {
  const total = values.reduce((sum, one) => sum + one, 0);
  if (total === 0) return values.map(() => 0);
  const exact = values.map((one) => (one / total) * 100);
  const whole = exact.map(Math.floor);
  const missing = 100 - whole.reduce((sum, one) => sum + one, 0);
  const order = exact.map((one, place) => [one - Math.floor(one), place] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (const [, place] of order.slice(0, missing)) whole[place] = (whole[place] ?? 0) + 1;
  return whole;
}
