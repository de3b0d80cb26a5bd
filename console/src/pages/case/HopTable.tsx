/** The transfers of the picture as a table. A row and a bar are one selection. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useMemo } from "react";

import { BucketMark, type Bucket, LETTERS, Rupees } from "../../parts/money.tsx";
import { Moment } from "../../parts/time.tsx";
import { rupees } from "../../text/rupees.ts";
import { type Edge, hopsOf, type Node } from "./data.ts";
import { caseText, type CaseRead, worded } from "./text.ts";

export interface Hop {
  readonly edge: Edge;
  readonly from: Node | undefined;
  readonly to: Node | undefined;
}

export function nodeName(node: Node | undefined): string {
  if (node === undefined) return "–";
  const bank = node.institution ?? node.institution_as_told;
  return node.holder ? `${bank} ••${node.holder.slice(-4)}` : bank;
}

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
  const query = useInfiniteQuery(hopsOf(ackNo, layer));
  const hops = useMemo(() => {
    const pages = query.data?.pages ?? [];
    const nodes = new Map(pages.flatMap((page) => page.nodes.map((node) => [node.node_id, node])));
    return pages.flatMap((page) =>
      page.edges.map((edge): Hop => ({ edge, from: nodes.get(edge.from_node), to: nodes.get(edge.to_node) })),
    );
  }, [query.data]);
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
      </header>
      <div className="scroll" tabIndex={0} role="region" aria-labelledby="h-hops">
        <table className="grid hops" onKeyDown={upAndDown}>
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
            {hops.map((hop) => (
              <HopRow
                key={hop.edge.hop_no}
                hop={hop}
                isOn={barOf(hop.edge) === selected}
                select={() => select(barOf(hop.edge))}
                open={() => open(hop)}
                t={t}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div className="more">
        <span role="status">
          {query.isPending ? t("hops.loading") : t.count("hops.shown", hops.length)}
        </span>
        {query.hasNextPage && (
          <button
            type="button"
            className="btn push"
            disabled={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {t("hops.more")}
          </button>
        )}
      </div>
    </section>
  );
}

function HopRow({
  hop,
  isOn,
  select,
  open,
  t,
}: {
  hop: Hop;
  isOn: boolean;
  select: () => void;
  open: () => void;
  t: CaseRead;
}): ReactNode {
  const { edge } = hop;
  return (
    <tr className={isOn ? "on" : undefined}>
      <td>
        <button type="button" className="btn link" onClick={open} aria-label={t("hop.open", { hop: edge.hop_no })}>
          {edge.hop_no}
        </button>
      </td>
      <td className="narrow">{edge.layer}</td>
      <td className="wide">{nodeName(hop.from)}</td>
      <td>
        <button type="button" className="btn link to" aria-pressed={isOn} data-hop={edge.hop_no} onClick={select}>
          {nodeName(hop.to)}
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

/** Arrow keys go from row to row. */
function upAndDown(event: KeyboardEvent): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const row = (event.target as HTMLElement).closest("tr");
  const other = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
  const button = other?.querySelector<HTMLElement>("button.to");
  if (!button) return;
  event.preventDefault();
  button.focus();
}
