"""Hops: transfers of tainted money into one account at one institution."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from db.case import merged_hops
from db.pool import Connection
from domain.errors.case import HopNotFound, HopSetAside, HopWithdrawn
from schemas.base import Flag, FrozenModel, UtcDatetime
from schemas.case.case_workflow import HopBrief
from schemas.enums import AnswerClass, HopSource, HopState


class HopRow(FrozenModel):
    """A hop as it is written."""

    hop_no: int
    ack_no: str | None = None
    """the complaint to which the money belongs; a hop below another has its parent's, whatever stands here"""
    revision: int = 0
    parent_hop_no: int | None = None
    layer: int
    source: HopSource
    state: HopState
    institution: str | None
    payer_institution_as_told: str
    payer_holder: str
    payer_ifsc: str | None = None
    payee_institution_as_told: str
    payee_holder: str
    payee_ifsc: str | None
    account_key: str
    reference: str
    reference_key: str
    mode: str
    amount_paise: int
    disputed_paise: int
    transferred_at: UtcDatetime
    opened_by_answer: int | None = None
    flags: tuple[Flag, ...] = ()


async def insert(connection: Connection, case_no: str, opened_at: datetime, hops: Sequence[HopRow]) -> None:
    """Write new hops; a parent comes before its children."""
    if not hops:
        return
    rows = as_stored(case_no, opened_at, hops)
    await connection.execute("INSERT INTO hop SELECT * FROM jsonb_populate_recordset(NULL::hop, $1::jsonb)", rows)


def as_stored(case_no: str, opened_at: datetime, hops: Sequence[HopRow]) -> list[dict[str, Any]]:
    """Return new hops as rows of the table."""
    return [hop.model_dump(mode="json") | {"case_no": case_no, "opened_at": opened_at.isoformat()} for hop in hops]


async def get(connection: Connection, case_no: str, hop_no: int) -> HopRow:
    """Lock one hop's row and return it. Raises `NotFound`."""
    row = await connection.fetchrow("SELECT * FROM hop WHERE case_no = $1 AND hop_no = $2 FOR UPDATE", case_no, hop_no)
    if row is None:
        raise HopNotFound(case_no, hop_no)
    return HopRow(**{name: row[name] for name in HopRow.model_fields})


async def is_withdrawn(connection: Connection, case_no: str, hop_no: int) -> bool:
    """Return whether two officers have withdrawn the hop."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM withdrawn_hop WHERE case_no = $1 AND hop_no = $2)", case_no, hop_no
    )
    return exists


async def refuse_left(connection: Connection, case_no: str, hop_no: int) -> None:
    """Raise `NotNow` if the hop's money has left the case: it is withdrawn, or it counts in a merged case."""
    if await is_withdrawn(connection, case_no, hop_no):
        raise HopWithdrawn(hop_no)
    if await merged_hops.is_set_aside(connection, case_no, hop_no):
        raise HopSetAside(hop_no)


async def same_below(connection: Connection, case_no: str, hop: HopRow) -> int | None:
    """Return the number of a hop with the same parent that is the same transfer as `hop`, or None.

    The same reference is the same transfer at the same bank, and with the same amount also at another one.
    """
    hop_no: int | None = await connection.fetchval(
        "SELECT min(hop_no) FROM hop WHERE case_no = $1 AND parent_hop_no = $2 AND reference_key = $3"
        " AND (coalesce(institution, upper(payee_institution_as_told)) = $4 OR amount_paise = $5)",
        case_no,
        hop.parent_hop_no,
        hop.reference_key,
        hop.institution or hop.payee_institution_as_told.upper(),
        hop.amount_paise,
    )
    return hop_no


async def transfer_times(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> dict[int, datetime]:
    """Return the times of the transfers of these hops."""
    rows = await connection.fetch(
        "SELECT hop_no, transferred_at FROM hop WHERE case_no = $1 AND hop_no = ANY($2)", case_no, list(hop_nos)
    )
    return {row["hop_no"]: row["transferred_at"] for row in rows}


async def close(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> None:
    """Close these hops, which have no money in play. Requests no longer ask about them."""
    if hop_nos:
        await connection.execute("SELECT hops_leave($1, $2, $3)", case_no, list(hop_nos), HopState.CLOSED.value)


async def flag(connection: Connection, case_no: str, flags: Mapping[int, Flag]) -> None:
    """Add a flag to each of these hops."""
    await connection.execute(
        "UPDATE hop h SET flags = h.flags || f.flag FROM unnest($2::integer[], $3::jsonb[]) AS f (hop_no, flag)"
        " WHERE h.case_no = $1 AND h.hop_no = f.hop_no AND NOT h.flags @> jsonb_build_array(f.flag)",
        case_no,
        list(flags),
        [flag.model_dump() for flag in flags.values()],
    )


async def ask_anew(connection: Connection, case_no: str, hop_no: int) -> None:
    """Count one more resolution that put money of this hop back in play."""
    await connection.execute(
        "UPDATE hop SET asked_anew = coalesce(asked_anew, 0) + 1 WHERE case_no = $1 AND hop_no = $2", case_no, hop_no
    )


_REOPEN: Final = """
UPDATE hop SET revision = $3, state = $4, institution = $5, payee_institution_as_told = $6, payee_holder = $7,
    payee_ifsc = $8, account_key = $9, reference = $10, reference_key = $11, amount_paise = $12, disputed_paise = $13,
    transferred_at = $14, flags = $15
WHERE case_no = $1 AND hop_no = $2
"""


async def reopen(connection: Connection, case_no: str, hop: HopRow) -> None:
    """Write a corrected hop, with its new revision and state."""
    await connection.execute(_REOPEN, *_reopened(case_no, hop))


def _reopened(case_no: str, hop: HopRow) -> tuple[Any, ...]:
    return (
        case_no,
        hop.hop_no,
        hop.revision,
        hop.state.value,
        hop.institution,
        hop.payee_institution_as_told,
        hop.payee_holder,
        hop.payee_ifsc,
        hop.account_key,
        hop.reference,
        hop.reference_key,
        hop.amount_paise,
        hop.disputed_paise,
        hop.transferred_at,
        [flag.model_dump() for flag in hop.flags],
    )


_CORRECTABLE: Final = (
    "institution",
    "payee_institution_as_told",
    "payee_holder",
    "payee_ifsc",
    "reference",
    "amount_paise",
    "disputed_paise",
    "transferred_at",
)


_CORRECT: Final = f"""
WITH kept AS (
    INSERT INTO hop_correction (case_no, hop_no, revision, corrected_at, corrected_by, ack_no, before, after)
    VALUES ($1, $2, $3, $16, $17, $18, $19, $20)
), forgotten AS (
    DELETE FROM hop_retry WHERE case_no = $1 AND hop_no = $2 AND $21
)
{_REOPEN}
"""


async def correct(
    connection: Connection,
    case_no: str,
    before: HopRow,
    after: HopRow,
    at: datetime,
    by: str,
    *,
    told_in: str | None,
    forget_retries: bool,
) -> None:
    """Write a corrected hop as `reopen` does, and keep what was changed.

    `told_in` is the complaint that corrects the hop. With `forget_retries` its bank is not asked again by itself.
    """
    was, now = before.model_dump(mode="json"), after.model_dump(mode="json")
    changed = [name for name in _CORRECTABLE if was[name] != now[name]]
    await connection.execute(
        _CORRECT,
        *_reopened(case_no, after),
        at,
        by,
        told_in,
        {name: was[name] for name in changed},
        {name: now[name] for name in changed},
        forget_retries,
    )


async def lowered_from(connection: Connection, case_no: str, hop_no: int) -> int:
    """Return the largest amount that the desk has replaced by a lower one, in paise; zero without one."""
    paise: int = await connection.fetchval(
        "SELECT coalesce(max((before->>'amount_paise')::bigint), 0) FROM hop_correction"
        " WHERE case_no = $1 AND hop_no = $2 AND ack_no IS NULL"
        " AND (after->>'amount_paise')::bigint < (before->>'amount_paise')::bigint",
        case_no,
        hop_no,
    )
    return paise


_BRIEFS = """
SELECT h.hop_no, h.revision, h.institution, i.answer_class, h.layer, h.transferred_at, b.balance_paise AS disputed_paise
FROM hop h JOIN institution i ON i.code = h.institution
JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'in_play' AND b.balance_paise > 0
WHERE h.case_no = $1 AND h.state = $2 AND ($4::integer[] IS NULL OR h.hop_no = ANY($4))
ORDER BY h.hop_no LIMIT $3
"""


async def briefs(
    connection: Connection, case_no: str, state: HopState, limit: int, among: Sequence[int] | None = None
) -> list[HopBrief]:
    """Return the first `limit` hops in `state` as the workflow knows them; `among` limits them to these hops.

    The disputed amount is the part of the hop that is in play now.
    """
    rows = await connection.fetch(_BRIEFS, case_no, state.value, limit, None if among is None else list(among))
    return [
        HopBrief(
            hop_no=row["hop_no"],
            revision=row["revision"],
            institution=row["institution"],
            answer_class=AnswerClass(row["answer_class"]),
            disputed_paise=row["disputed_paise"],
            layer=row["layer"],
            transferred_at=row["transferred_at"],
        )
        for row in rows
    ]


async def withdrawn(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> set[int]:
    """Return those of these hops that are withdrawn."""
    rows = await connection.fetch(
        "SELECT hop_no FROM withdrawn_hop WHERE case_no = $1 AND hop_no = ANY($2)", case_no, list(hop_nos)
    )
    return {row["hop_no"] for row in rows}
