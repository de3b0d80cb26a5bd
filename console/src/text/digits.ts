const ZERO = "०".charCodeAt(0);

/** Return a text with the digits of a Hindi keyboard, ०१२, as 012. */
export function plainDigits(text: string): string {
  return text.replace(/[०-९]/g, (digit) => String(digit.charCodeAt(0) - ZERO));
}
