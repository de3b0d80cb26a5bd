/** Buttons of acts. The form of an act is fetched when the first one is opened. */

import { lazy, type ReactNode, Suspense, useState } from "react";

import { fetchCode } from "../../../parts/fetchCode.ts";
import type { Act, Acts } from "./act.ts";

const ActDialog = lazy(() => fetchCode(() => import("./ActDialog.tsx")));

export function ActButtons({ acts, ackNo, children }: { acts: Acts; ackNo: string; children?: ReactNode }): ReactNode {
  // The act stays as it was when it was opened, so the server can say that the case has changed meanwhile.
  const [asked, setAsked] = useState<Act | null>(null);
  const shown = acts.filter((act): act is Act => Boolean(act));
  if (shown.length === 0 && !children && asked === null) return null;
  return (
    <>
      <span className="row wrap acts-row">
        {shown.map((one) => (
          <button key={one.name} type="button" className="btn" onClick={() => setAsked(one)}>
            {one.title}
          </button>
        ))}
        {children}
      </span>
      {asked !== null && <OneAct act={asked} ackNo={ackNo} close={() => setAsked(null)} />}
    </>
  );
}

/** The form of one act, which something else than a button opened. */
export function OneAct({ act, ackNo, close }: { act: Act; ackNo: string; close: () => void }): ReactNode {
  return (
    <Suspense fallback={null}>
      <ActDialog act={act} ackNo={ackNo} close={close} />
    </Suspense>
  );
}
