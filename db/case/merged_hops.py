"""Hops of merged cases: transfers that both tell, and what is set aside of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from db.pool import Connection
from db.privacy.person_keys import StoredPerson, stored
from schemas.base import FrozenModel
from schemas.enums import Bucket, HopSource, HopState

Place = tuple[str, int]
"""case and hop"""


async def merged_with(connection: Connection, case_no: str) -> list[str]:
    """Return the other cases of the merges in force of a case."""
    case_nos: list[str] = await connection.fetchval("SELECT merged_with($1)", case_no)
    return case_nos


async def merge_of(connection: Connection, case_no: str, other: str) -> int:
    """Return the merge in force that joined the later one of two cases."""
    merge_id: int = await connection.fetchval(
        "SELECT merge_id FROM case_merge WHERE merged_case_no IN ($1, $2) AND decision = 'agreed'"
        " AND undone_at IS NULL ORDER BY merge_id DESC LIMIT 1",
        case_no,
        other,
    )
    return merge_id


class HopOfTree(FrozenModel):
    """A hop of a transfer and of what came of it, with its money (paise)."""

    hop_no: int
    root_no: int
    """the victim's own transfer, from which the loss came"""
    ack_no: str
    revision: int
    state: HopState
    source: HopSource
    institution: str | None
    account_key: str
    reference: str
    disputed_paise: int
    in_play_paise: int
    refused_paise: int
    untraced_paise: int
    is_placed: bool
    """a bank has placed money of it"""
    has_left: bool
    """it is withdrawn, or set aside"""
    is_proposed: bool
    """no officer has accepted its root as lost"""

    @property
    def contra(self) -> Bucket:
        """Return the bucket of the root that its money comes from."""
        return Bucket.PROPOSED if self.is_proposed else Bucket.LOST


# Money below the hop is money of the hop.
_TREE: Final = """
WITH RECURSIVE up AS (
    SELECT h.hop_no, h.parent_hop_no FROM hop h WHERE h.case_no = $1 AND h.hop_no = $2
    UNION ALL
    SELECT h.hop_no, h.parent_hop_no FROM up u JOIN hop h ON h.case_no = $1 AND h.hop_no = u.parent_hop_no
), down AS (
    SELECT $2::integer AS hop_no
    UNION ALL
    SELECT h.hop_no FROM down d JOIN hop h ON h.case_no = $1 AND h.parent_hop_no = d.hop_no
)
SELECT h.hop_no, (SELECT u.hop_no FROM up u WHERE u.parent_hop_no IS NULL) AS root_no, h.ack_no, h.revision, h.state,
    h.source, h.institution, h.account_key, h.reference, h.disputed_paise, m.in_play_paise, m.refused_paise,
    m.untraced_paise,
    m.is_placed, EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = h.case_no AND w.hop_no = h.hop_no)
        OR EXISTS (SELECT FROM set_aside_hop s WHERE s.case_no = h.case_no AND s.hop_no = h.hop_no
            AND s.put_back_at IS NULL) AS has_left,
    EXISTS (SELECT FROM ledger_balance p JOIN up u ON u.hop_no = p.hop_no WHERE p.case_no = $1
        AND p.bucket = 'proposed' AND p.balance_paise < 0) AS is_proposed
FROM down d JOIN hop h ON h.case_no = $1 AND h.hop_no = d.hop_no
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'in_play'), 0)::bigint AS in_play_paise,
        coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'refused'), 0)::bigint AS refused_paise,
        coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'untraced'), 0)::bigint AS untraced_paise,
        coalesce(bool_or(b.balance_paise > 0)
            FILTER (WHERE b.bucket IN ('held', 'withdrawn', 'spent', 'restored', 'released')), false) AS is_placed
    FROM ledger_balance b WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no
) AS m
ORDER BY h.hop_no
"""


async def tree(connection: Connection, case_no: str, hop_no: int) -> list[HopOfTree]:
    """Return a hop and every hop below it, the hop itself first. The caller has locked the case."""
    return [HopOfTree(**dict(row)) for row in await connection.fetch(_TREE, case_no, hop_no)]


class Pair(FrozenModel):
    """A hop of one case, and the hop of another case that is the same transfer."""

    case_no: str
    hop_no: int
    other_case_no: str
    other_hop_no: int


_NOT_ASIDE: Final = (
    "NOT EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = {hop}.case_no AND w.hop_no = {hop}.hop_no)"
    " AND NOT EXISTS (SELECT FROM set_aside_hop s WHERE s.case_no = {hop}.case_no AND s.hop_no = {hop}.hop_no"
    " AND s.put_back_at IS NULL)"
)
# One transfer may carry money of several hops, up to its amount. What is above that is told twice.
_SAME: Final = f"""
SELECT a.case_no, a.hop_no, b.case_no AS other_case_no, b.hop_no AS other_hop_no
FROM hop b JOIN hop a ON a.case_no = ANY($2) AND a.reference_key = b.reference_key AND a.institution = b.institution
WHERE b.case_no = $1 AND b.reference_key <> '' AND ($4::integer[] IS NULL OR b.hop_no = ANY($4))
    AND a.disputed_paise + b.disputed_paise > greatest(a.amount_paise, b.amount_paise)
    AND {_NOT_ASIDE.format(hop="a")} AND {_NOT_ASIDE.format(hop="b")}
ORDER BY b.hop_no, a.case_no, a.hop_no LIMIT $3
"""
_LIKELY: Final = f"""
SELECT a.case_no, a.hop_no, b.case_no AS other_case_no, b.hop_no AS other_hop_no
FROM hop b JOIN hop a ON a.case_no = ANY($2) AND a.institution = b.institution AND a.account_key = b.account_key
    AND a.amount_paise = b.amount_paise
    AND (a.transferred_at AT TIME ZONE 'Asia/Kolkata')::date = (b.transferred_at AT TIME ZONE 'Asia/Kolkata')::date
WHERE b.case_no = $1 AND a.reference_key IS DISTINCT FROM b.reference_key
    AND {_NOT_ASIDE.format(hop="a")} AND {_NOT_ASIDE.format(hop="b")}
ORDER BY b.hop_no, a.case_no, a.hop_no LIMIT $3
"""


async def same_in(
    connection: Connection,
    case_no: str,
    others: Sequence[str],
    limit: int,
    among: Collection[int] | None = None,
) -> list[Pair]:
    """Return hops of a case whose transfer other cases tell too, so that both together are above its amount.

    `among` limits them to these hops of the case.
    """
    rows = await connection.fetch(_SAME, case_no, list(others), limit, None if among is None else list(among))
    return [Pair(**dict(row)) for row in rows]


async def likely_in(connection: Connection, case_no: str, others: Sequence[str], limit: int) -> list[Pair]:
    """Return hops that may be the transfer of a hop elsewhere, by amount, day and account."""
    return [Pair(**dict(row)) for row in await connection.fetch(_LIKELY, case_no, list(others), limit)]


class Told(FrozenModel):
    """A transfer that a case is about to tell with a hop of its own."""

    hop_no: int
    reference_key: str
    institution: str
    amount_paise: int
    disputed_paise: int


_SAME_AS: Final = f"""
SELECT DISTINCT ON (t.hop_no) t.hop_no, o.case_no AS other_case_no, o.hop_no AS other_hop_no,
    o.disputed_paise AS other_paise, o.ack_no, o.parent_hop_no IS NULL AS is_told
FROM jsonb_to_recordset($2) AS t (hop_no integer, reference_key text, institution text, amount_paise bigint,
    disputed_paise bigint)
JOIN hop o ON o.case_no = ANY($1) AND o.reference_key = t.reference_key AND o.institution = t.institution
WHERE t.reference_key <> '' AND t.disputed_paise + o.disputed_paise > greatest(t.amount_paise, o.amount_paise)
    AND {_NOT_ASIDE.format(hop="o")}
ORDER BY t.hop_no, is_told DESC, o.case_no, o.hop_no
"""


class Elsewhere(FrozenModel):
    """The hop of another case that has a transfer already, with its disputed amount in paise."""

    case_no: str
    hop_no: int
    disputed_paise: int
    ack_no: str
    is_told: bool
    """it is a victim's own transfer"""
    is_same_money: bool = False
    """it is the same victim's own transfer, so that the loss is told twice"""


async def same_as(connection: Connection, others: Sequence[str], transfers: Sequence[Told]) -> dict[int, Elsewhere]:
    """Return which of these transfers other cases have, so that both together are above its amount, by hop."""
    rows = await connection.fetch(_SAME_AS, list(others), [transfer.model_dump() for transfer in transfers])
    return {
        row["hop_no"]: Elsewhere(
            case_no=row["other_case_no"],
            hop_no=row["other_hop_no"],
            disputed_paise=row["other_paise"],
            ack_no=row["ack_no"],
            is_told=row["is_told"],
        )
        for row in rows
    }


async def told_by(connection: Connection, case_no: str, hop_no: int, other_ack_no: str) -> list[StoredPerson]:
    """Return the victims, sealed, of a hop's complaint and of another complaint."""
    rows = await connection.fetch(
        f"SELECT {stored('v')} AS person FROM (SELECT ack_no FROM hop WHERE case_no = $1 AND hop_no = $2"
        " UNION ALL SELECT $3) AS t JOIN complaint c USING (ack_no) JOIN victim v USING (victim_id)",
        case_no,
        hop_no,
        other_ack_no,
    )
    return [StoredPerson.model_validate(row["person"]) for row in rows]


# -- what is set aside -------------------------------------------------------------------------------------------------


async def open_pair(connection: Connection, merge_id: int, counted: Place, aside: Place, at: datetime) -> int:
    """Write that two hops are one transfer, and which of them counts; return the number of the pair."""
    pair_id: int = await connection.fetchval(
        "INSERT INTO same_transfer (merge_id, counted_case_no, counted_hop_no, aside_case_no, aside_hop_no, found_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING pair_id",
        merge_id,
        *counted,
        *aside,
        at,
    )
    return pair_id


async def set_aside(connection: Connection, pair_id: int, case_no: str, hops: Sequence[HopOfTree], at: datetime) -> int:
    """Write these hops of a transfer as they are, before their money leaves the case; return the first row's number."""
    first: int = await connection.fetchval(
        "WITH written AS (INSERT INTO set_aside_hop (pair_id, case_no, hop_no, state, in_play_paise, refused_paise,"
        " untraced_paise, contra, set_aside_at)"
        " SELECT $1, $2, h.hop_no, h.state, h.in_play, h.refused, h.untraced, h.contra, $3"
        " FROM unnest($4::integer[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])"
        " AS h (hop_no, state, in_play, refused, untraced, contra) RETURNING set_aside_id)"
        " SELECT min(set_aside_id) FROM written",
        pair_id,
        case_no,
        at,
        [hop.hop_no for hop in hops],
        [hop.state.value for hop in hops],
        [hop.in_play_paise for hop in hops],
        [hop.refused_paise for hop in hops],
        [hop.untraced_paise for hop in hops],
        [hop.contra.value for hop in hops],
    )
    return first


class SetAside(FrozenModel):
    """A hop that is set aside, as it was before (paise)."""

    set_aside_id: int
    hop_no: int
    state: HopState
    in_play_paise: int
    refused_paise: int
    untraced_paise: int
    contra: Bucket


async def take_back(connection: Connection, pair_id: int, at: datetime) -> list[SetAside]:
    """Write that the hops of a pair are put back; return them as they were."""
    rows = await connection.fetch(
        "UPDATE set_aside_hop SET put_back_at = $2 WHERE pair_id = $1 AND put_back_at IS NULL"
        " RETURNING set_aside_id, hop_no, state, in_play_paise, refused_paise, untraced_paise, contra",
        pair_id,
        at,
    )
    return sorted((SetAside(**dict(row)) for row in rows), key=lambda hop: hop.hop_no)


async def exchange(connection: Connection, pair_id: int) -> None:
    """Write that the other hop of a pair counts from now on."""
    await connection.execute(
        "UPDATE same_transfer SET counted_case_no = aside_case_no, counted_hop_no = aside_hop_no,"
        " aside_case_no = counted_case_no, aside_hop_no = counted_hop_no WHERE pair_id = $1",
        pair_id,
    )


async def end_pair(connection: Connection, pair_id: int, at: datetime) -> None:
    """Write that two hops count each in its own case."""
    await connection.execute("UPDATE same_transfer SET ended_at = $2 WHERE pair_id = $1", pair_id, at)


class OpenPair(FrozenModel):
    """A transfer that counts in one of two merged cases."""

    pair_id: int
    merge_id: int
    counted_case_no: str
    counted_hop_no: int
    aside_case_no: str
    aside_hop_no: int


_PAIRS: Final = (
    "SELECT pair_id, merge_id, counted_case_no, counted_hop_no, aside_case_no, aside_hop_no FROM same_transfer"
    " WHERE ended_at IS NULL AND "
)


async def pairs_of_case(connection: Connection, case_no: str) -> list[OpenPair]:
    """Return the transfers that a case and those merged with it tell, in the order in which they were found."""
    rows = await connection.fetch(f"{_PAIRS} (counted_case_no = $1 OR aside_case_no = $1) ORDER BY pair_id", case_no)
    return [OpenPair(**dict(row)) for row in rows]


async def pairs_aside_at(connection: Connection, case_no: str, hop_nos: Collection[int]) -> list[OpenPair]:
    """Return the pairs by which one of these hops is set aside, alone or with the hop above it."""
    rows = await connection.fetch(
        f"{_PAIRS} pair_id IN (SELECT s.pair_id FROM set_aside_hop s WHERE s.case_no = $1 AND s.hop_no = ANY($2)"
        " AND s.put_back_at IS NULL) ORDER BY pair_id",
        case_no,
        list(hop_nos),
    )
    return [OpenPair(**dict(row)) for row in rows]


async def pairs_at(connection: Connection, case_no: str, hop_nos: Collection[int]) -> list[OpenPair]:
    """Return the pairs of these hops, whether they count or are set aside."""
    rows = await connection.fetch(
        f"{_PAIRS} (counted_case_no = $1 AND counted_hop_no = ANY($2) OR aside_case_no = $1"
        " AND aside_hop_no = ANY($2)) ORDER BY pair_id",
        case_no,
        list(hop_nos),
    )
    return [OpenPair(**dict(row)) for row in rows]


async def is_set_aside(connection: Connection, case_no: str, hop_no: int) -> bool:
    """Return whether the hop's money counts in another case."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM set_aside_hop WHERE case_no = $1 AND hop_no = $2 AND put_back_at IS NULL)",
        case_no,
        hop_no,
    )
    return exists


async def reopen(connection: Connection, case_no: str, hops: Sequence[SetAside]) -> None:
    """Give hops that are put back their state of before, under their next revision.

    A hop that was asked is open.
    """
    again = [hop for hop in hops if hop.state is not HopState.CLOSED]
    await connection.execute(
        "UPDATE hop h SET revision = h.revision + 1, state = CASE s.state WHEN 'asked' THEN 'open' ELSE s.state END"
        " FROM unnest($2::integer[], $3::text[]) AS s (hop_no, state) WHERE h.case_no = $1 AND h.hop_no = s.hop_no",
        case_no,
        [hop.hop_no for hop in again],
        [hop.state.value for hop in again],
    )
