/** The focus of a dialog that opens, on an element for which React does not do it. */

/** As the `ref` of a link, it gives the link the focus when it appears. React does so with buttons and fields only. */
export function takesFocus(link: HTMLAnchorElement | null): void {
  link?.focus();
}
