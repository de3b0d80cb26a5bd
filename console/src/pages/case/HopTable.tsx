/** The transfers of the picture as a table. A row and a bar are one selection. A long table draws only what is seen. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef } from "react";

import { ok } from "../../api/problem.ts";
import { readerOf } from "../../api/readReason.ts";
import { parts } from "../../parts/catalogue.ts";
import { FileButtons } from "../../parts/FileButtons.tsx";
import { BucketMark, type Bucket, LETTERS, Rupees } from "../../parts/money.tsx";
import { type BankName, useBankName } from "../../parts/names.ts";
import { Moment } from "../../parts/time.tsx";
import { accountEnd } from "../../text/accountEnd.ts";
import { rupees } from "../../text/rupees.ts";
import { type Edge, hopsOf, type Node } from "./data.ts";
import { caseText, type CaseRead, worded } from "./text.ts";

export interface Hop {
  readonly edge: Edge;
  readonly from: Node | undefined;
  readonly to: Node | undefined;
}

/** Return the bank of an account, and the end of its number. */
function accountOf(node: Node | undefined, nameOf: BankName): readonly [bank: string, end: string] {
  if (node === undefined) return ["–", ""];
  const end = accountEnd(node.holder);
  return [nameOf(node.institution ?? node.institution_as_told), end && ` ${end}`];
}

export function nodeName(node: Node | undefined, nameOf: BankName): string {
  return accountOf(node, nameOf).join("");
}

const ROW_PX = 32;
const OVERSCAN = 10;
/** The next page is asked for while so few rows are left below. */
const AHEAD = 60;
/** So many rows are drawn at once, as paper needs them too. */
const ALL_MAX = 200;
const COLUMNS = 9;

/** The id that the picture has for the account of a hop. */
export function barOf(edge: Edge): string {
  return `${edge.layer}:${edge.to_node}`;
}

export function HopTable({
  ackNo,
  layers,
  layer,
  setLayer,
  selected,
  select,
  open,
}: {
  ackNo: string;
  layers: number;
  layer: number | null;
  setLayer: (layer: number | null) => void;
  selected: string | null;
  select: (nodeId: string) => void;
  open: (hop: Hop) => void;
}): ReactNode {
  const t = caseText.use();
  const nameOf = useBankName();
  const query = useInfiniteQuery(hopsOf(ackNo, layer));
  const hops = useMemo(() => {
    const pages = query.data?.pages ?? [];
    const nodes = new Map(pages.flatMap((page) => page.nodes.map((node) => [node.node_id, node])));
    return pages.flatMap((page) =>
      page.edges.map((edge): Hop => ({ edge, from: nodes.get(edge.from_node), to: nodes.get(edge.to_node) })),
    );
  }, [query.data]);
  const room = useRef<HTMLDivElement>(null);
  const isLong = hops.length > ALL_MAX;
  const virtual = useVirtualizer({
    count: hops.length,
    getScrollElement: () => room.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => hops[index]?.edge.hop_no ?? index,
    overscan: OVERSCAN,
  });
  const seen = virtual.getVirtualItems();
  const shown = isLong ? seen.map((one) => one.index) : hops.map((_, index) => index);
  const above = isLong ? (seen[0]?.start ?? 0) : 0;
  const below = isLong ? virtual.getTotalSize() - (seen.at(-1)?.end ?? 0) : 0;
  const last = seen.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  useEffect(() => {
    // After a failure the officer asks for the page, or the page would ask without end.
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError && last + AHEAD >= hops.length) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage, last, hops.length]);
  const chosen = selected === null ? -1 : hops.findIndex((hop) => barOf(hop.edge) === selected);
  useEffect(() => {
    if (chosen >= 0) virtual.scrollToIndex(chosen, { align: "auto" });
  }, [chosen, virtual]);

  /** Arrow keys go from row to row, also to one that is drawn only then. */
  const upAndDown = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const from = Number((event.target as HTMLElement).closest("tr")?.dataset["index"] ?? Number.NaN);
    const to = from + (event.key === "ArrowDown" ? 1 : -1);
    if (!hops[to]) return;
    event.preventDefault();
    virtual.scrollToIndex(to, { align: "auto" });
    requestAnimationFrame(() => room.current?.querySelector<HTMLElement>(`tr[data-index="${to}"] button.to`)?.focus());
  };
  return (
    <section className="panel" aria-labelledby="h-hops">
      <header className="wraps">
        <h2 id="h-hops" tabIndex={-1}>
          {t("hops")}
        </h2>
        <label className="sr" htmlFor="hops-layer">
          {t("hops.layer")}
        </label>
        <select
          id="hops-layer"
          className="in layers push"
          value={layer ?? ""}
          onChange={(event) => setLayer(event.target.value === "" ? null : Number(event.target.value))}
        >
          <option value="">{t("hops.all")}</option>
          {Array.from({ length: layers }, (_, index) => (
            <option key={index} value={index + 1}>
              {t("layer", { layer: index + 1 })}
            </option>
          ))}
        </select>
        <FileButtons
          name={`transfers-${ackNo}`}
          of={t("cmd.hops")}
          get={(how) =>
            ok(
              readerOf(ackNo).GET("/api/v1/cases/{ack_no}/trail", {
                ...how,
                params: { path: { ack_no: ackNo }, query: { layer } },
              }),
            )
          }
        />
      </header>
      <div ref={room} className="scroll long" tabIndex={0} role="region" aria-labelledby="h-hops">
        <table className="grid hops" aria-rowcount={hasNextPage ? -1 : hops.length + 1} onKeyDown={upAndDown}>
          <thead>
            <tr>
              <th scope="col">{t("hops.no")}</th>
              <th scope="col">{t("hops.layer")}</th>
              <th scope="col">{t("hops.from")}</th>
              <th scope="col">{t("hops.to")}</th>
              <th scope="col" className="num">
                {t("hops.rupees")}
              </th>
              <th scope="col">{t("hops.where")}</th>
              <th scope="col">{t("hops.reference")}</th>
              <th scope="col">{t("hops.time")}</th>
              <th scope="col">{t("hops.state")}</th>
            </tr>
          </thead>
          <tbody>
            <Space height={above} />
            {shown.map((index) => {
              const hop = hops[index];
              return (
                hop && (
                  <HopRow
                    key={hop.edge.hop_no}
                    index={index}
                    hop={hop}
                    isOn={barOf(hop.edge) === selected}
                    select={() => select(barOf(hop.edge))}
                    open={() => open(hop)}
                    nameOf={nameOf}
                    t={t}
                  />
                )
              );
            })}
            <Space height={below} />
          </tbody>
        </table>
      </div>
      <div className="more">
        <span role="status">
          {query.isPending ? t("hops.loading") : t.count("hops.shown", hops.length)}
        </span>
        {isFetchNextPageError && (
          <button type="button" className="btn push" onClick={() => void fetchNextPage()}>
            {parts.now()("again")}
          </button>
        )}
      </div>
    </section>
  );
}

/** The place of rows that are not drawn. */
function Space({ height }: { height: number }): ReactNode {
  return (
    height > 0 && (
      <tr className="space" aria-hidden="true">
        <td colSpan={COLUMNS} style={{ height }} />
      </tr>
    )
  );
}

function HopRow({
  index,
  hop,
  isOn,
  select,
  open,
  nameOf,
  t,
}: {
  index: number;
  hop: Hop;
  isOn: boolean;
  select: () => void;
  open: () => void;
  nameOf: BankName;
  t: CaseRead;
}): ReactNode {
  const { edge } = hop;
  return (
    <tr className={isOn ? "on" : undefined} aria-rowindex={index + 2} data-index={index}>
      <td>
        <button type="button" className="btn link" onClick={open} aria-label={t("hop.open", { hop: edge.hop_no })}>
          {edge.hop_no}
        </button>
      </td>
      <td className="narrow">{edge.layer}</td>
      <td className="wide">
        <Account node={hop.from} nameOf={nameOf} />
      </td>
      <td>
        <button type="button" className="btn link to" aria-pressed={isOn} data-hop={edge.hop_no} onClick={select}>
          <Account node={hop.to} nameOf={nameOf} />
        </button>
      </td>
      <td className="num b">
        <Rupees paise={edge.amount_paise} />
      </td>
      <td>
        <Where balances={edge.balances_paise} />
      </td>
      <td className="mono wide">{edge.reference || "–"}</td>
      <td className="wide">
        <Moment at={Date.parse(edge.transferred_at)} />
      </td>
      <td className="wide">{worded(t, "hop_state", edge.state)}</td>
    </tr>
  );
}

/** An account in a row. A long name of a bank is cut, and the end of the number is always there. */
function Account({ node, nameOf }: { node: Node | undefined; nameOf: BankName }): ReactNode {
  const [bank, end] = accountOf(node, nameOf);
  return (
    <span title={bank + end}>
      <span className="bank">{bank}</span>
      {end}
    </span>
  );
}

/** Where the money of a hop is now. What went on is with the next hops. */
function Where({ balances }: { balances: Readonly<Record<string, number>> }): ReactNode {
  const t = caseText.use();
  const shown = (Object.keys(LETTERS) as Bucket[]).filter((bucket) => (balances[bucket] ?? 0) > 0);
  if (shown.length === 0) return <span className="mut">{t("went_on")}</span>;
  return (
    <span className="row">
      {shown.map((bucket) => (
        <span key={bucket} className="row stay">
          <BucketMark bucket={bucket} />
          <span className="nw">{rupees(balances[bucket] ?? 0)}</span>
        </span>
      ))}
    </span>
  );
}
