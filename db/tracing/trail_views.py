"""Views of the trail: hops as edges, accounts as nodes."""

from collections.abc import Iterable
from typing import Final

from asyncpg import Record

from db.cases.cases import case_no_of
from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from schemas.base import Flag
from schemas.enums import Bucket
from schemas.identifiers import account_key
from schemas.tracing.views import TrailEdge, TrailNode, TrailView

_HOPS: Final = """
SELECT h.*, q.request_id AS live_request_id, t.due_at AS ask_again_at,
    p.institution AS parent_institution, p.payee_institution_as_told AS parent_institution_as_told,
    p.payee_holder AS parent_holder, p.payee_ifsc AS parent_ifsc,
    (SELECT jsonb_object_agg(bucket, balance_paise) FROM ledger_balance b
     WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no AND bucket NOT IN ('lost', 'proposed')
         AND balance_paise <> 0) AS balances
FROM hop h
LEFT JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no
LEFT JOIN request_hop q ON q.case_no = h.case_no AND q.hop_no = h.hop_no AND q.live
LEFT JOIN hop_retry t ON t.case_no = h.case_no AND t.hop_no = h.hop_no
WHERE h.case_no = $1 AND h.hop_no > $2 ORDER BY h.hop_no LIMIT $3
"""


async def page(connection: Connection, ack_no: str, after: str | None, limit: int) -> TrailView:
    """Return up to `limit` hops of a case with their accounts. Raises `NotFound`, `BadCursor`."""
    after_hop_no = int_after(after)
    case_no = await case_no_of(connection, ack_no)
    found = await connection.fetch(_HOPS, case_no, after_hop_no, limit + 1)
    rows, more = cut(found, limit)
    nodes = {node.node_id: node for row in rows for node in _ends(row)}
    return TrailView(
        case_ack_no=case_no,
        nodes=tuple(nodes.values()),
        edges=tuple(_edge(row) for row in rows),
        next=to_cursor(rows[-1]["hop_no"]) if more else None,
    )


def _edge(row: Record) -> TrailEdge:
    payer, payee = _ends(row)
    return TrailEdge(
        hop_no=row["hop_no"],
        revision=row["revision"],
        parent_hop_no=row["parent_hop_no"],
        layer=row["layer"],
        source=row["source"],
        state=row["state"],
        from_node=payer.node_id,
        to_node=payee.node_id,
        reference=row["reference"],
        mode=row["mode"],
        amount_paise=row["amount_paise"],
        disputed_paise=row["disputed_paise"],
        balances_paise={Bucket(name): paise for name, paise in (row["balances"] or {}).items()},
        transferred_at=row["transferred_at"],
        opened_at=row["opened_at"],
        opened_by_answer=row["opened_by_answer"],
        live_request_id=row["live_request_id"],
        ask_again_at=row["ask_again_at"],
        flags=tuple(Flag.model_validate(flag) for flag in row["flags"]),
    )


def _ends(row: Record) -> Iterable[TrailNode]:
    """Yield the account that the money left and the one that it reached.

    The first is the parent hop's payee, or the victim's own account.
    """
    if row["parent_hop_no"] is None:
        yield _node(None, row["payer_institution_as_told"], row["payer_holder"], None, victim=True)
    else:
        yield _node(
            row["parent_institution"],
            row["parent_institution_as_told"],
            row["parent_holder"],
            row["parent_ifsc"],
            victim=False,
        )
    yield _node(
        row["institution"],
        row["payee_institution_as_told"],
        row["payee_holder"],
        row["payee_ifsc"],
        victim=False,
    )


def _node(institution: str | None, as_told: str, holder: str, ifsc: str | None, *, victim: bool) -> TrailNode:
    return TrailNode(
        node_id=f"{institution or as_told}|{account_key(holder)}",
        institution=institution,
        institution_as_told=as_told,
        holder=holder,
        ifsc=ifsc,
        victim=victim,
    )
