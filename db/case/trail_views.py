"""Views of the trail: hops as edges and accounts as nodes, and all hops of a case for its layout."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from asyncpg import Record

from db.case.cases import case_no_of
from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from domain.case.trail_bars import TrailHop, TrailPlace, account_id
from schemas.base import Flag
from schemas.case.request_views import TrailEdge, TrailNode, TrailView
from schemas.enums import Bucket

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
WHERE h.case_no = $1 AND h.hop_no > $2 AND ($4::integer IS NULL OR h.layer = $4) ORDER BY h.hop_no LIMIT $3
"""

_VERSION: Final = "SELECT event_seq FROM case_file WHERE case_no = $1"
_ALL_HOPS: Final = """
SELECT hop_no, parent_hop_no, institution, payer_institution_as_told, payer_holder, payee_institution_as_told,
    payee_holder FROM hop WHERE case_no = $1
"""
# The contra buckets are below zero.
_PLACED: Final = "SELECT hop_no, bucket, balance_paise FROM ledger_balance WHERE case_no = $1 AND balance_paise > 0"
_BUCKETS: Final[Mapping[str, Bucket]] = {bucket.value: bucket for bucket in Bucket}


async def trail_page(
    connection: Connection, ack_no: str, after: str | None, limit: int, layer: int | None = None
) -> TrailView:
    """Return up to `limit` hops of a case, or of one layer, with their accounts. Raises `NotFound`, `BadCursor`."""
    after_hop_no = int_after(after)
    case_no = await case_no_of(connection, ack_no)
    found = await connection.fetch(_HOPS, case_no, after_hop_no, limit + 1, layer)
    rows, more = cut(found, limit)
    nodes = {node.node_id: node for row in rows for node in _ends(row)}
    return TrailView(
        case_ack_no=case_no,
        nodes=tuple(nodes.values()),
        edges=tuple(_edge(row) for row in rows),
        next=to_cursor(rows[-1]["hop_no"]) if more else None,
    )


async def rows(connection: Connection, case_no: str, after: int, limit: int, layer: int | None = None) -> list[Record]:
    """Return up to `limit` hops of a case, or of one layer, after one, for a long table."""
    found: list[Record] = await connection.fetch(_HOPS, case_no, after, limit, layer)
    return found


async def version(connection: Connection, case_no: str) -> int:
    """Return the number of the last event of a case. Each change of its trail has an event."""
    seq: int = await connection.fetchval(_VERSION, case_no)
    return seq


async def all_hops(connection: Connection, case_no: str) -> list[TrailHop]:
    """Return every hop of a case with the money on it; for one instant call it in one snapshot."""
    return (await stored_trail(connection, case_no)).hops()


async def stored_trail(connection: Connection, case_no: str) -> "StoredTrail":
    """Return the rows of every hop of a case; for one instant call it in one snapshot."""
    placed = await connection.fetch(_PLACED, case_no)
    return StoredTrail(await connection.fetch(_ALL_HOPS, case_no), placed)


_PARENT: Final = TrailPlace(None, "", "")
"""payer of a hop below another hop, which is that hop's payee"""


class StoredTrail(NamedTuple):
    """Rows of every hop of a case, and of the money on them. A large case has tens of thousands."""

    rows: Sequence[Record]
    placed: Sequence[Record]

    def hops(self) -> list[TrailHop]:
        """Return the hops. It takes time, so a process that serves others calls it in a thread."""
        balances: dict[int, dict[Bucket, int]] = defaultdict(dict)
        for hop_no, bucket, paise in self.placed:
            balances[hop_no][_BUCKETS[bucket]] = paise
        return [
            TrailHop(
                hop_no,
                parent_hop_no,
                TrailPlace(None, payer_as_told, payer) if parent_hop_no is None else _PARENT,
                TrailPlace(institution, payee_as_told, payee),
                balances.get(hop_no, {}),
            )
            for hop_no, parent_hop_no, institution, payer_as_told, payer, payee_as_told, payee in self.rows
        ]


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
        node_id=account_id(TrailPlace(institution, as_told, holder)),
        institution=institution,
        institution_as_told=as_told,
        holder=holder,
        ifsc=ifsc,
        victim=victim,
    )
