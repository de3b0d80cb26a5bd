import { useEffect } from "react";

/** The browser, and then the page or a dialog, give the focus on within this many drawings. */
const FRAMES = 2;

function withAncestors(target: HTMLElement): readonly HTMLElement[] {
  const above = target.parentElement;
  return above === null ? [target] : [target, ...withAncestors(above)];
}

function takesFocus(one: HTMLElement): boolean {
  return one.isConnected && one.hasAttribute("tabindex") && !one.matches(":disabled");
}

/**
 * Keep the focus on the page or in the dialog when what had it is disabled or goes away.
 *
 * A browser gives the focus to the body then, and Tab begins again at the top. Here the nearest element around it that is
 * still there gets the focus. A button that is disabled while its act runs has the focus again afterwards.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    const main = document.getElementById("main");
    let around: readonly HTMLElement[] = [];
    // What had the focus before a dialog opened.
    let onPage: readonly HTMLElement[] = [];
    let lost: HTMLElement | null = null;
    let keeper: HTMLElement | null = null;
    let frame = 0;
    const note = ({ target }: FocusEvent): void => {
      if (!(target instanceof HTMLElement) || target === keeper) return;
      lost = null;
      around = withAncestors(target);
      if (main?.contains(target)) onPage = around;
    };
    const keep = (): void => {
      keeper = [...around, ...onPage].find(takesFocus) ?? main;
      keeper?.focus({ preventScroll: true });
    };
    const look = (frames: number): void => {
      frame = requestAnimationFrame(() => {
        frame = 0;
        if (document.activeElement !== document.body) return;
        if (frames > 1) look(frames - 1);
        else keep();
      });
    };
    const observer = new MutationObserver(() => {
      const [had] = around;
      if (lost !== null && !lost.matches(":disabled")) {
        if (document.activeElement === keeper) lost.focus();
        lost = null;
      } else if (lost === null && had?.isConnected && had.matches(":disabled")) {
        lost = had;
        // At once, because the next key may be Escape.
        keep();
      }
      if (frame === 0 && around.length > 0 && document.activeElement === document.body) look(FRAMES);
    });
    document.addEventListener("focusin", note);
    observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled", "hidden", "open"] });
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener("focusin", note);
      observer.disconnect();
    };
  }, []);
}
