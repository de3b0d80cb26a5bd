"""Hold requests: their institution, hops, delivery and escalation level."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import Field

from db.banks import bank_exchanges
from db.banks.bank_exchanges import SealedExchange
from db.case import told_transfers
from db.case.cases import PAUSED
from db.case.told_transfers import Payment
from db.pool import Connection
from db.privacy import body_keys
from db.privacy.body_keys import key_of_case
from db.privacy.person_keys import PersonKey
from domain.case.requests import PlannedRequest
from domain.errors.case import RequestNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.case_workflow import HopBrief
from schemas.enums import ChannelKind, EscalationLevel, HopSource, RequestState


class RequestRow(FrozenModel):
    """A hold request; the function that returns it says whether its row is locked."""

    request_id: UUID
    case_no: str
    batch_no: int
    institution: str
    state: RequestState
    job_id: str | None
    level: EscalationLevel | None
    sent_at: UtcDatetime
    delivered_at: UtcDatetime | None
    first_answered_at: UtcDatetime | None
    refusal_code: str | None
    channel: ChannelKind | None
    """the channel that delivered it last"""
    round: int
    level_at: UtcDatetime | None = None
    """when it reached its level"""


class Delivered(FrozenModel):
    """A delivered request, the time of its delivery, and whether it is the first of its case."""

    first_of_case: bool
    case_opened_at: UtcDatetime
    at: UtcDatetime


class HopOfRequest(FrozenModel):
    """A hop that a hold request names."""

    hop_no: int
    reference: str
    amount_paise: int
    disputed_paise: int
    transferred_at: UtcDatetime
    layer: int


class HopToAsk(HopOfRequest):
    """The data of a hop for the bank; the disputed amount is the part in play."""

    revision: int
    reference_key: str
    source: HopSource
    opened_at: UtcDatetime


_ROW = (
    "SELECT request_id, case_no, batch_no, institution, state, job_id, level, sent_at, delivered_at, first_answered_at,"
    " refusal_code, channel, round, level_at FROM hold_request"
)


async def get(connection: Connection, request_id: UUID) -> RequestRow | None:
    """Lock one request's row and return it; None if it was never planned."""
    row = await connection.fetchrow(f"{_ROW} WHERE request_id = $1 FOR NO KEY UPDATE", request_id)
    return RequestRow(**dict(row)) if row else None


async def find(connection: Connection, request_id: UUID) -> RequestRow | None:
    """Return one request without a lock; None if it was never planned."""
    row = await connection.fetchrow(f"{_ROW} WHERE request_id = $1", request_id)
    return RequestRow(**dict(row)) if row else None


async def get_of_case(connection: Connection, case_no: str, request_id: UUID) -> RequestRow:
    """Lock the row of one request of a case and return it. Raises `NotFound`."""
    row = await get(connection, request_id)
    if row is None or row.case_no != case_no:
        raise RequestNotFound(request_id)
    return row


# A hop that another transaction has taken meanwhile is left out, so every request has its own hops in the result.
_PLAN: Final = f"""
SELECT t.request_id, p.hop_nos
FROM jsonb_to_recordset($2) AS t (request_id uuid, batch_no integer, institution text, hop_nos integer[],
    revisions integer[]),
LATERAL request_plan(t.request_id, $1, t.batch_no, t.institution, t.hop_nos, t.revisions, $3, 'engine') p
WHERE $1 NOT IN ({PAUSED.format(now=3)})
"""


async def plan(
    connection: Connection, case_no: str, planned: Sequence[PlannedRequest], at: datetime
) -> dict[UUID, list[int]]:
    """Write requests with their hops and events; return the hops of each, or nothing while the case is paused.

    The caller has locked the case. A hop that does not wait for a request any more is left out.
    """
    rows = await connection.fetch(_PLAN, case_no, as_planned(planned), at)
    return {row["request_id"]: row["hop_nos"] for row in rows}


def as_planned(planned: Sequence[PlannedRequest]) -> list[dict[str, object]]:
    """Return requests as the statements that plan them take them."""
    return [
        {
            "request_id": str(request.request_id),
            "batch_no": request.batch_no,
            "institution": request.institution,
            "hop_nos": [hop.hop_no for hop in request.hops],
            "revisions": [hop.revision for hop in request.hops],
        }
        for request in planned
    ]


class ToSend(FrozenModel):
    """A planned request before its call: its state, its urgency and the live hops that it asks about."""

    request_id: UUID
    case_no: str
    institution: str
    state: RequestState
    batch_no: int
    round: int
    refusal_code: str | None
    delivered_at: UtcDatetime | None
    case_opened_at: UtcDatetime
    first_of_case: bool
    """whether it is the first request of its case's first batch"""
    sent_at: UtcDatetime
    freshest_at: UtcDatetime
    """time of the latest transfer that it ever asked about"""
    largest_paise: int
    """the largest of their disputed amounts"""
    hops: tuple[HopToAsk, ...]
    payment: Payment | None
    """the payment that the ticket describes: the one at the root of the largest live hop; None without live hops"""
    key: PersonKey | None = Field(repr=False)
    """the key of the bodies of its case"""
    was_called: bool
    """whether a call of its bank is recorded"""


# OFFSET 0 keeps the order of the joins, also in a plan that was made while the tables were almost empty.
# EXISTS instead of LIMIT 1 may read the whole of `bank_exchange` into a hash.
_LIVE_HOPS: Final = """
SELECT h.hop_no, h.revision, h.reference, h.reference_key, h.amount_paise, b.balance_paise AS disputed_paise,
    h.transferred_at, h.layer, h.source, h.opened_at
FROM (SELECT * FROM request_hop l WHERE l.request_id = {request_id} AND l.live OFFSET 0) AS rh
CROSS JOIN LATERAL (SELECT * FROM hop p WHERE p.case_no = rh.case_no AND p.hop_no = rh.hop_no OFFSET 0) AS h
CROSS JOIN LATERAL (
    SELECT m.balance_paise FROM ledger_balance m
    WHERE m.case_no = rh.case_no AND m.hop_no = rh.hop_no AND m.bucket = 'in_play' OFFSET 0
) AS b
WHERE b.balance_paise > 0
"""
TO_SEND: Final = f"""
SELECT r.request_id, r.case_no, r.institution, r.state, r.batch_no, r.round, r.refusal_code, r.delivered_at, r.sent_at,
    c.opened_at AS case_opened_at, w.freshest_at, w.largest_paise,
    r.batch_no = 1 AND r.institution = (
        SELECT min(o.institution) FROM hold_request o WHERE o.case_no = r.case_no AND o.batch_no = 1
    ) AS first_of_case,
    l.hops, ({told_transfers.payment_query("r.case_no", "l.main_hop_no")}) AS payment,
    {key_of_case("r.case_no")} AS key,
    (SELECT true FROM bank_exchange x WHERE x.request_id = r.request_id LIMIT 1) IS NOT NULL AS was_called
FROM unnest($1::uuid[]) AS q (request_id) JOIN hold_request r USING (request_id) JOIN case_file c USING (case_no)
CROSS JOIN LATERAL (
    SELECT max(h.transferred_at) AS freshest_at, max(h.disputed_paise) AS largest_paise
    FROM request_hop rh JOIN hop h USING (case_no, hop_no) WHERE rh.request_id = r.request_id
) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(to_jsonb(live) ORDER BY live.hop_no), '[]') AS hops,
        (array_agg(live.hop_no ORDER BY live.disputed_paise DESC, live.hop_no))[1] AS main_hop_no
    FROM ({_LIVE_HOPS.format(request_id="r.request_id")}) AS live
) AS l
"""


async def to_send(connection: Connection, request_ids: Sequence[UUID]) -> dict[UUID, ToSend]:
    """Return these requests as they are sent, without a lock; an unknown one is left out."""
    rows = await connection.fetch(TO_SEND, list(request_ids))
    return {row["request_id"]: ToSend(**dict(row)) for row in rows}


_LIVE_OF_ONE: Final = _LIVE_HOPS.format(request_id="$1") + "ORDER BY h.hop_no"


async def named_onward(connection: Connection, request_id: UUID) -> int:
    """Return the disputed paise of the hops that lead on from those of a request."""
    named: int = await connection.fetchval(
        "SELECT coalesce(sum(onward.disputed_paise), 0)::bigint FROM request_hop q"
        " JOIN hop onward ON onward.case_no = q.case_no AND onward.parent_hop_no = q.hop_no WHERE q.request_id = $1",
        request_id,
    )
    return named


async def live_hops(connection: Connection, request_id: UUID) -> list[HopToAsk]:
    """Return the hops that this request still asks about, in order."""
    return [HopToAsk(**dict(row)) for row in await connection.fetch(_LIVE_OF_ONE, request_id)]


# The exchanges are written before the function reads them and before the case is locked.
_DELIVERED: Final = f"""
WITH {body_keys.insert(7)}, kept AS (
    {bank_exchanges.insert("'hold_request'", 7 + body_keys.ARGUMENTS)} RETURNING 1
)
SELECT case_opened_at, first_of_case, at FROM request_delivered(
    (SELECT $1::uuid WHERE (SELECT count(*) FROM kept) >= 0), $2, $3, $4, $5, $6, 'engine')
"""


async def delivered(
    connection: Connection,
    request_id: UUID,
    institution: str,
    job_id: str,
    channel: ChannelKind,
    round_no: int,
    at: datetime | None = None,
    exchanges: Sequence[SealedExchange] = (),
) -> Delivered | None:
    """Write that the bank has the request under `job_id`, and the event; None if that is written already.

    `round_no` counts how often the request was sent over another channel after no response. The exchanges are stored in
    any case. It is one statement, so that the case is locked for a short time only. Without `at` it reads the
    present moment after the wait for the lock.
    """
    row = await connection.fetchrow(
        _DELIVERED,
        request_id,
        institution,
        job_id,
        channel.value,
        round_no,
        at,
        *body_keys.columns(exchange.sealed.key for exchange in exchanges),
        *bank_exchanges.columns([request_id] * len(exchanges), exchanges),
    )
    return Delivered(**dict(row)) if row else None


async def refused(connection: Connection, request_id: UUID, code: str, message: str) -> bool:
    """Write that the bank refused the whole request; false if that is written, or it was delivered anyway."""
    done = await connection.fetchval(
        "UPDATE hold_request SET state = 'refused', refusal_code = $2, refusal_message = $3"
        " WHERE request_id = $1 AND state = 'sending' RETURNING true",
        request_id,
        code,
        message,
    )
    return bool(done)


async def escalate(connection: Connection, request_id: UUID, level: EscalationLevel, at: datetime) -> None:
    """Write that the request has reached escalation level `level`; the wait for the next starts at `at`."""
    await connection.execute(
        "UPDATE hold_request SET level = $2, level_at = $3 WHERE request_id = $1", request_id, level.value, at
    )


_FINISH_EMPTY: Final = """
UPDATE hold_request r SET closed_at = $2,
    state = CASE WHEN r.first_answered_at IS NULL THEN 'superseded' ELSE 'answered' END
WHERE r.case_no = $1 AND r.closed_at IS NULL
    AND NOT EXISTS (SELECT FROM request_hop rh WHERE rh.request_id = r.request_id AND rh.live {but})
RETURNING r.request_id
"""
_FINISH: Final = _FINISH_EMPTY.format(but="")
# The statement does not see its own change of the hop, so it leaves the hop out.
_DETACH: Final = (
    "WITH detached AS (UPDATE request_hop SET live = false WHERE case_no = $1 AND hop_no = $3 AND live)"
    + _FINISH_EMPTY.format(but="AND rh.hop_no <> $3")
)


async def finish_empty(connection: Connection, case_no: str, at: datetime) -> list[UUID]:
    """Close the case's requests without a live hop, and return them.

    Those about which the bank has answered become `answered`; the others become `superseded`.
    """
    return [row["request_id"] for row in await connection.fetch(_FINISH, case_no, at)]


async def detach(connection: Connection, case_no: str, hop_no: int, at: datetime) -> list[UUID]:
    """Remove the hop from the live request that asks about it. Close and return requests as `finish_empty` does."""
    return [row["request_id"] for row in await connection.fetch(_DETACH, case_no, at, hop_no)]


_SEND_AGAIN: Final = """
WITH dead AS (
    UPDATE request_hop SET live = false WHERE request_id = $1 AND live RETURNING case_no, hop_no
), again AS (
    UPDATE hop h SET revision = h.revision + 1, state = 'open' FROM dead d
    WHERE h.case_no = d.case_no AND h.hop_no = d.hop_no AND h.state = 'asked'
    RETURNING h.case_no, h.hop_no, h.revision, h.institution, h.layer, h.transferred_at
)
SELECT a.hop_no, a.revision, a.institution, i.answer_class, a.layer, a.transferred_at, b.balance_paise AS disputed_paise
FROM again a JOIN institution i ON i.code = a.institution
JOIN ledger_balance b ON b.case_no = a.case_no AND b.hop_no = a.hop_no AND b.bucket = 'in_play' ORDER BY a.hop_no
"""


async def send_again(connection: Connection, request_id: UUID) -> list[HopBrief]:
    """Take every live hop out of the request, to be asked again under its next revision.

    The caller then calls `finish_empty`.
    """
    return [HopBrief(**dict(row)) for row in await connection.fetch(_SEND_AGAIN, request_id)]


async def stop(connection: Connection, request_id: UUID, at: datetime) -> None:
    """Close the request: the desk withdrew it, or the escalation policy gave it up."""
    await connection.execute(
        "UPDATE hold_request SET state = 'stopped', closed_at = $2 WHERE request_id = $1", request_id, at
    )
