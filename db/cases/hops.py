"""Hops: transfers of tainted money into one account at one institution."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from db.pool import Connection
from domain.errors.cases import HopNotFound
from schemas.base import Flag, FrozenModel, UtcDatetime
from schemas.enums import AnswerClass, HopSource, HopState
from schemas.outbox.case import HopBrief
from schemas.tracing.answers import Confirmation, HopPosition


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
    await connection.execute(
        "INSERT INTO hop SELECT * FROM jsonb_populate_recordset(NULL::hop, $1::jsonb)",
        as_stored(case_no, opened_at, hops),
    )


def as_stored(case_no: str, opened_at: datetime, hops: Sequence[HopRow]) -> list[dict[str, Any]]:
    """Return new hops as the database reads them from JSON."""
    more = {"case_no": case_no, "opened_at": opened_at.isoformat()}
    return [hop.model_dump(mode="json") | more for hop in hops]


async def get(connection: Connection, case_no: str, hop_no: int) -> HopRow:
    """Lock one hop's row and return it. Raises `NotFound`."""
    row = await connection.fetchrow("SELECT * FROM hop WHERE case_no = $1 AND hop_no = $2 FOR UPDATE", case_no, hop_no)
    if row is None:
        raise HopNotFound(case_no, hop_no)
    return HopRow(**{name: row[name] for name in HopRow.model_fields})


async def is_withdrawn(connection: Connection, case_no: str, hop_no: int) -> bool:
    """Return whether two officers have withdrawn the hop."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM withdrawn_hop WHERE case_no = $1 AND hop_no = $2)", case_no, hop_no
    )
    return found


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


_POSITIONS = """
SELECT h.hop_no, h.revision, h.parent_hop_no, h.institution, p.institution AS sent_by, h.reference_key,
       h.account_key, h.layer, h.source, h.state, h.amount_paise, h.disputed_paise,
       coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'in_play'), 0)::bigint AS in_play_paise,
       -- An answer places no money of a withdrawn hop.
       coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'untraced' AND w.hop_no IS NULL), 0)::bigint
           AS untraced_paise,
       coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'refused' AND w.hop_no IS NULL), 0)::bigint
           AS refused_paise,
       coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket IN ('held', 'restored', 'released')), 0)::bigint
           AS held_paise,
       w.hop_no IS NOT NULL AS withdrawn, coalesce(h.asked_anew, 0) AS asked_anew,
       CASE WHEN i.inquiry_id IS NOT NULL THEN jsonb_build_object('inquiry_id', i.inquiry_id,
           'holder', h.payer_holder, 'transferred_at', h.transferred_at, 'near_seconds', i.near_seconds) END AS payer
FROM hop h LEFT JOIN ledger_balance b USING (case_no, hop_no)
LEFT JOIN withdrawn_hop w USING (case_no, hop_no)
LEFT JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no
LEFT JOIN payer_inquiry i ON i.case_no = h.case_no AND i.hop_no = h.hop_no AND i.institution = $3
    AND i.state <> 'skipped' AND i.replaced_at IS NULL
WHERE h.case_no = $1 AND (h.reference_key = ANY($2) OR (h.institution = $3 AND h.account_key = ANY($4)))
GROUP BY h.case_no, h.hop_no, p.institution, i.inquiry_id, w.hop_no
"""


async def positions(
    connection: Connection,
    case_no: str,
    institution: str,
    reference_keys: Sequence[str],
    account_keys: Sequence[str],
) -> list[HopPosition]:
    """Return the hops that an answer of `institution` with these references and accounts can be about.

    An answer also names the reference of a transfer onward. The desk may have entered that hop already.
    """
    rows = await connection.fetch(_POSITIONS, case_no, list(reference_keys), institution, list(account_keys))
    return [HopPosition(**dict(row)) for row in rows]


async def close(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> None:
    """Close these hops, which have no money in play. Requests no longer ask about them."""
    await _leave(connection, case_no, hop_nos, HopState.CLOSED)


async def park(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> None:
    """Park these hops for the desk. Requests no longer ask about them."""
    await _leave(connection, case_no, hop_nos, HopState.CORRECTION)


async def _leave(connection: Connection, case_no: str, hop_nos: Sequence[int], state: HopState) -> None:
    if not hop_nos:
        return
    await connection.execute(
        "WITH dead AS (UPDATE request_hop SET live = false WHERE case_no = $1 AND hop_no = ANY($2) AND live)"
        " UPDATE hop SET state = $3 WHERE case_no = $1 AND hop_no = ANY($2)",
        case_no,
        list(hop_nos),
        state.value,
    )


async def confirm(connection: Connection, case_no: str, confirmed: Sequence[Confirmation]) -> None:
    """Write a bank's data to hops that the case had before.

    A hop about which the bank must be asked again leaves its live request.
    """
    if not confirmed:
        return
    await connection.execute(
        "WITH told AS (SELECT * FROM jsonb_to_recordset($2) AS t (hop_no integer, revision integer, state text,"
        "  amount_paise bigint, disputed_paise bigint, flags jsonb)),"
        " dead AS (UPDATE request_hop SET live = false WHERE case_no = $1 AND hop_no = ANY($3) AND live)"
        " UPDATE hop h SET revision = t.revision, state = t.state, amount_paise = t.amount_paise,"
        " disputed_paise = t.disputed_paise, flags = h.flags || (SELECT coalesce(jsonb_agg(f), '[]')"
        "  FROM jsonb_array_elements(t.flags) AS f WHERE NOT h.flags @> jsonb_build_array(f))"
        " FROM told t WHERE h.case_no = $1 AND h.hop_no = t.hop_no",
        case_no,
        [hop.model_dump(mode="json") for hop in confirmed],
        [hop.hop_no for hop in confirmed if hop.asks_again],
    )


async def flag(connection: Connection, case_no: str, flags: Mapping[int, Flag]) -> None:
    """Add a flag to each of these hops."""
    await connection.execute(
        "UPDATE hop h SET flags = h.flags || f.flag FROM unnest($2::integer[], $3::jsonb[]) AS f (hop_no, flag)"
        " WHERE h.case_no = $1 AND h.hop_no = f.hop_no AND NOT h.flags @> jsonb_build_array(f.flag)",
        case_no,
        list(flags),
        [flag.model_dump() for flag in flags.values()],
    )


async def name_account(
    connection: Connection, case_no: str, hop_nos: Sequence[int], account: str, account_key: str
) -> None:
    """Write the account of these hops, where none was stated before. A hop with a hold is not changed."""
    await connection.execute(
        "UPDATE hop h SET payee_holder = $3, account_key = $4 WHERE h.case_no = $1 AND h.hop_no = ANY($2)"
        " AND starts_with(h.account_key, 'NOTSTATED|')"
        " AND NOT EXISTS (SELECT FROM held_hop u WHERE u.case_no = h.case_no AND u.hop_no = h.hop_no)",
        case_no,
        list(hop_nos),
        account,
        account_key,
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
