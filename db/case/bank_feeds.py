"""Feeds of banks: hold requests in the order of their changes, with their states and hops.

The next reader of a feed numbers the changes, under the lock of the bank's counter. A change is numbered only after it
is committed. Numbers therefore rise in the order in which readers can see the changes, and a cursor skips none.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import Field

from db.case.requests import HopOfRequest
from db.pool import Connection
from db.privacy.body_keys import key_of_case, stored_line
from db.privacy.person_keys import PersonKey, StoredText
from db.rows import Rows
from domain.banks.answering import HAZARD_MAX, Curve
from domain.errors import NotFound
from domain.errors.case import IdempotencyKeyReused
from domain.errors.recovery import HoldNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ClaimKind, Disposition, FeedStatus

NUMBERED_AT_ONCE: Final = 1_000
"""changes that one call numbers; a bank that returns after years needs several calls"""
CHANGED: Final = "bank_feed"
"""the channel of notifications; the payload is the bank's code"""


class FeedRow(FrozenModel):
    """One hold request in a bank's feed."""

    request_id: UUID
    case_no: str
    status: FeedStatus
    changed_at: UtcDatetime
    change_no: int
    version: int
    sent_at: UtcDatetime
    key: PersonKey | None = Field(repr=False)
    """the key of the bodies of its case"""


class Receipt(FrozenModel):
    """A hold request for which the bank sends a receipt; its case is locked."""

    status: FeedStatus
    delivered: bool
    acknowledged_at: UtcDatetime | None


class FeedHop(HopOfRequest):
    """A hop of a hold request; `open_paise` is the part that the bank is still asked about."""

    request_id: UUID
    account: str
    open_paise: int
    lapses_at: UtcDatetime | None = None
    """when the hold at its account lapses; None if nothing is on hold there"""
    is_kept: bool = False
    """whether a court or an approved restoration keeps that hold"""


_NUMBER: Final = """
WITH counter AS (
    SELECT last_change_no FROM feed_counter WHERE institution = $1
), due AS (
    -- The transaction that is changing a request now has locked its row. That change is numbered after its commit.
    SELECT request_id, changed_at FROM feed_entry WHERE institution = $1 AND change_no IS NULL
    ORDER BY changed_at, request_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
), numbered AS (
    SELECT request_id, (SELECT last_change_no FROM counter) + row_number() OVER (ORDER BY changed_at, request_id) AS no
    FROM due
), written AS (
    UPDATE feed_entry f SET change_no = n.no, version = f.version + 1 FROM numbered n
    WHERE f.request_id = n.request_id RETURNING f.change_no
)
UPDATE feed_counter SET last_change_no = last_change_no + (SELECT count(*) FROM written)
WHERE institution = $1 RETURNING (SELECT count(*) FROM written)
"""

_ROW: Final = (
    "SELECT f.request_id, r.case_no, f.status, f.changed_at, f.change_no, f.version, r.sent_at,"
    f" {key_of_case('r.case_no')} AS key"
    " FROM feed_entry f JOIN hold_request r USING (request_id)"
)


async def number(connection: Connection, institution: str) -> None:
    """Number every committed change of the bank. Commits by itself, so call it outside a transaction."""
    while await connection.fetchval(
        "SELECT EXISTS (SELECT FROM feed_entry WHERE institution = $1 AND change_no IS NULL)", institution
    ):
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO feed_counter (institution, last_change_no) VALUES ($1, 0) ON CONFLICT DO NOTHING",
                institution,
            )
            # A separate statement, because those after it then see what was committed while it waited.
            await connection.execute("SELECT FROM feed_counter WHERE institution = $1 FOR NO KEY UPDATE", institution)
            done = await connection.fetchval(_NUMBER, institution, NUMBERED_AT_ONCE)
        if done < NUMBERED_AT_ONCE:
            return


async def last_change_no(connection: Connection, institution: str) -> int:
    """Return the highest number in the bank's feed, or 0."""
    change_no: int | None = await connection.fetchval(
        "SELECT last_change_no FROM feed_counter WHERE institution = $1", institution
    )
    return change_no or 0


async def page(
    connection: Connection,
    institution: str,
    after: int,
    limit: int,
    status: FeedStatus | None,
    changed_after: datetime | None,
) -> list[FeedRow]:
    """Return up to `limit` hold requests of the bank that changed after number `after`, in that order."""
    return await Rows(connection, FeedRow).many(
        f"{_ROW} WHERE f.institution = $1 AND f.change_no > $2"
        + (" AND f.status = $4" if status else " AND $4::text IS NULL")
        + " AND ($5::timestamptz IS NULL OR f.changed_at > $5) ORDER BY f.change_no LIMIT $3",
        institution,
        after,
        limit,
        status,
        changed_after,
    )


async def one(connection: Connection, institution: str, request_id: UUID) -> FeedRow:
    """Return one hold request of the bank. Raises `NotFound`, also for a request to another bank."""
    row = await connection.fetchrow(f"{_ROW} WHERE f.request_id = $2 AND f.institution = $1", institution, request_id)
    if row is None:
        raise _unknown(request_id)
    fields = dict(row)
    # An unnumbered change has no number yet. The caller of this function does not use it.
    return FeedRow(**(fields | {"change_no": fields["change_no"] or 0}))


async def hops_of(connection: Connection, request_ids: Sequence[UUID]) -> list[FeedHop]:
    """Return every hop that these hold requests ever asked about, by request and number."""
    return await Rows(connection, FeedHop).many(
        "SELECT q.request_id, h.hop_no, h.reference, h.payee_holder AS account, h.amount_paise, h.disputed_paise,"
        " CASE WHEN q.live THEN coalesce(b.balance_paise, 0) ELSE 0 END AS open_paise, h.transferred_at, h.layer,"
        " a.lapses_at, a.retained_by_kind IS NOT NULL AS is_kept"
        " FROM request_hop q JOIN hop h USING (case_no, hop_no)"
        " LEFT JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution"
        " AND a.account_key = h.account_key AND a.state = 'held'"
        " LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'in_play'"
        " WHERE q.request_id = ANY($1) ORDER BY q.request_id, h.hop_no",
        list(request_ids),
    )


async def case_of(connection: Connection, institution: str, request_id: UUID) -> str:
    """Return the case of a hold request. Raises `NotFound`, also for another bank's."""
    case_no: str | None = await connection.fetchval(
        "SELECT case_no FROM hold_request WHERE request_id = $1 AND institution = $2", request_id, institution
    )
    if case_no is None:
        raise _unknown(request_id)
    return case_no


async def receipt(connection: Connection, request_id: UUID) -> Receipt:
    """Return whether a hold request was delivered and acknowledged; the caller has locked its case."""
    # A trigger writes one with the request.
    return await Rows(connection, Receipt).one(
        "SELECT f.status, r.delivered_at IS NOT NULL AS delivered, f.acknowledged_at"
        " FROM hold_request r JOIN feed_entry f USING (request_id) WHERE request_id = $1",
        request_id,
    )


async def acknowledge(connection: Connection, institution: str, request_id: UUID, at: datetime) -> None:
    """Write that the bank has received a hold request, and make our id valid as its job id.

    This is no change of the feed, because the bank knows it already. One statement, because each answer comes here.
    """
    await connection.execute(
        "WITH noted AS (UPDATE feed_entry SET acknowledged_at = $3 WHERE request_id = $2)"
        " INSERT INTO request_job (institution, job_id, request_id) VALUES ($1, $2::uuid::text, $2)"
        " ON CONFLICT DO NOTHING",
        institution,
        request_id,
        at,
    )


async def announce(connection: Connection, institution: str) -> None:
    """Wake the readers that wait for the bank's feed."""
    await connection.execute("SELECT pg_notify($1, $2)", CHANGED, institution)


async def use_key(
    connection: Connection, institution: str, key: str, body_digest: bytes, at: datetime
) -> dict[str, Any] | None:
    """Record the bank's Idempotency-Key for this body; return the reply to its first use.

    None means that the key is new, or that the first request is still in progress. Raises `IdempotencyKeyReused` if the
    key was used for another body.
    """
    await connection.execute(
        "INSERT INTO feed_key (institution, idempotency_key, body_digest, seen_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        institution,
        key,
        body_digest,
        at,
    )
    # Just written, or before.
    row = await connection.fetchrow(
        "SELECT body_digest, reply FROM feed_key WHERE institution = $1 AND idempotency_key = $2", institution, key
    )
    assert row is not None
    if row["body_digest"] != body_digest:
        raise IdempotencyKeyReused
    reply: dict[str, Any] | None = row["reply"]
    return reply


async def keep_reply(connection: Connection, institution: str, key: str, reply: dict[str, Any]) -> dict[str, Any]:
    """Store the reply under this key and return the stored one; of two concurrent replies the first is stored."""
    stored: dict[str, Any] = await connection.fetchval(
        "UPDATE feed_key SET reply = coalesce(reply, $3) WHERE institution = $1 AND idempotency_key = $2"
        " RETURNING reply",
        institution,
        key,
        reply,
    )
    return stored


PURGE_KEYS: Final = """
DELETE FROM feed_key WHERE (institution, idempotency_key) IN (
    SELECT institution, idempotency_key FROM feed_key WHERE seen_at < $1
    ORDER BY seen_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING seen_at
"""


async def purge_keys(connection: Connection, seen_before: datetime, limit: int) -> int:
    """Delete Idempotency-Keys first used before `seen_before`, the oldest first; return how many."""
    return len(await connection.fetch(PURGE_KEYS, seen_before, limit))


def _unknown(request_id: UUID) -> NotFound:
    return HoldNotFound(request_id)


class WaitingRequest(FrozenModel):
    """A hold request that awaits the bank's answer, with the money that it is still asked about."""

    request_id: UUID
    case_no: str
    sent_at: UtcDatetime
    hops: int
    paise: int
    largest_paise: int
    freshest_at: UtcDatetime
    account: str = Field(repr=False)
    """the account with the most money"""
    accounts: int


# The arithmetic of `domain.banks.answering`, as in the call list of the desk.
_WAITING: Final = f"""
SELECT r.request_id, r.case_no, r.sent_at, count(*)::int AS hops, sum(b.balance_paise)::bigint AS paise,
    max(b.balance_paise)::bigint AS largest_paise, max(h.transferred_at) AS freshest_at,
    (array_agg(h.payee_holder ORDER BY b.balance_paise DESC, h.hop_no))[1] AS account,
    count(DISTINCT h.account_key)::int AS accounts
FROM hold_request r JOIN request_hop q ON q.request_id = r.request_id AND q.live
JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'in_play' AND b.balance_paise > 0
CROSS JOIN LATERAL (SELECT greatest(0, extract(epoch FROM $3 - h.transferred_at))::float8 AS seconds) AS g
CROSS JOIN LATERAL (SELECT width_bucket(g.seconds, $4::float8[]) AS band) AS w
WHERE r.institution = $1 AND r.state IN ('sending', 'delivered')
GROUP BY r.request_id
ORDER BY sum(b.balance_paise * exp(-least({HAZARD_MAX},
    ($6::float8[])[w.band] + ($5::float8[])[w.band] * (g.seconds - ($4::float8[])[w.band])))) DESC, r.request_id
LIMIT $2
"""


async def waiting(
    connection: Connection, institution: str, limit: int, as_of: datetime, leaving: Curve
) -> list[WaitingRequest]:
    """Return the requests that await the bank's answer, those first where the most money is likely still there.

    `leaving` is the curve by which money leaves an account.
    """
    return await Rows(connection, WaitingRequest).many(
        _WAITING, institution, limit, as_of, list(leaving.starts), list(leaving.rates), list(leaving.sums)
    )


async def last_answered_at(connection: Connection, institution: str, since: datetime) -> datetime | None:
    """Return when the bank last gave a first answer to a request sent since that time; None without one."""
    answered_at: datetime | None = await connection.fetchval(
        "SELECT max(first_answered_at) FROM hold_request WHERE sent_at >= $2 AND institution = $1", institution, since
    )
    return answered_at


class ToldSince(FrozenModel):
    """A line of an answer that a bank gave while an officer of it had a form open."""

    kind: ClaimKind
    applied_paise: int
    reference: str
    received_at: UtcDatetime


_TOLD_SINCE: Final = """
SELECT a.kind, a.applied_paise, h.reference, a.received_at FROM request_hop q
JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
JOIN answer a ON a.case_no = q.case_no AND a.hop_nos[1] = q.hop_no AND a.institution = $2 AND a.received_at >= $3
WHERE q.request_id = $1 AND a.disposition <> 'duplicate' ORDER BY a.answer_id LIMIT $4
"""


async def told_since(
    connection: Connection, institution: str, request_id: UUID, since: datetime, limit: int
) -> list[ToldSince]:
    """Return what the bank has answered about the transfers of a request since that time."""
    return await Rows(connection, ToldSince).many(_TOLD_SINCE, request_id, institution, since, limit)


# -- what the bank has answered ----------------------------------------------------------------------------------------


class AnsweredRequest(FrozenModel):
    """A hold request that the bank has answered, in full or in part."""

    request_id: UUID
    case_no: str
    status: FeedStatus
    first_answered_at: UtcDatetime
    change_no: int
    hops: int
    paise: int
    """disputed money of its transfers"""
    account: str = Field(repr=False)
    """the account with the most money"""
    accounts: int


# The numbers of the feed are an order that an index has. An index by the time of the answer would cost more.
_OF_ANSWERED: Final = """
SELECT f.request_id, f.case_no, f.status, f.first_answered_at, f.change_no, count(*)::int AS hops,
    sum(h.disputed_paise)::bigint AS paise,
    (array_agg(h.payee_holder ORDER BY h.disputed_paise DESC, h.hop_no))[1] AS account,
    count(DISTINCT h.account_key)::int AS accounts
FROM (
    SELECT f.request_id, r.case_no, f.status, r.first_answered_at, f.change_no
    FROM feed_entry f JOIN hold_request r USING (request_id)
    WHERE f.institution = $1 AND f.change_no < $2 AND f.is_answered {which}
    ORDER BY f.change_no DESC LIMIT $3
) AS f JOIN request_hop q USING (request_id) JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
GROUP BY f.request_id, f.case_no, f.status, f.first_answered_at, f.change_no ORDER BY f.change_no DESC
"""
ANSWERED: Final = _OF_ANSWERED.format(which="")
# A statement of its own, so that a search never reads the whole feed of the bank.
ANSWERED_OF: Final = _OF_ANSWERED.format(which="AND f.request_id = ANY ($4)")
_OF_HOPS: Final = """
SELECT q.request_id FROM hop h JOIN hold_request r ON r.case_no = h.case_no AND r.institution = $1
JOIN request_hop q ON q.request_id = r.request_id AND q.hop_no = h.hop_no
"""
_FIND_ANSWERED: Final = f"""
SELECT DISTINCT request_id FROM (
    SELECT request_id FROM hold_request WHERE case_no = $2 AND institution = $1
    UNION ALL ({_OF_HOPS} WHERE h.account_key = $3 AND h.institution = $1 LIMIT $5)
    UNION ALL ({_OF_HOPS} WHERE h.reference_key = $4 AND h.reference_key <> '' AND h.parent_hop_no IS NOT NULL LIMIT $5)
    UNION ALL ({_OF_HOPS} JOIN disputed_transfer d ON d.case_no = h.case_no AND d.hop_no = h.hop_no
        WHERE d.reference_key = $4 LIMIT $5)
    UNION ALL ({_OF_HOPS} JOIN answer a ON a.case_no = h.case_no AND a.hop_nos[1] = h.hop_no AND a.institution = $1
        WHERE a.reference_key = $4 AND a.reference_key <> '' LIMIT $5)
) AS found
"""


async def answered(
    connection: Connection, institution: str, before_no: int, limit: int, of: Sequence[UUID] | None = None
) -> list[AnsweredRequest]:
    """Return requests that the bank has answered, those that changed last first, and only those `of` these ids.

    `before_no` is the change number of the last one of the page before. The changes must be numbered (`number`).
    """
    if of is None:
        rows = await connection.fetch(ANSWERED, institution, before_no, limit)
    else:
        rows = await connection.fetch(ANSWERED_OF, institution, before_no, limit, list(of))
    return [AnsweredRequest(**dict(row)) for row in rows]


async def find_answered(
    connection: Connection, institution: str, case_no: str, account_key: str, reference_key: str, limit: int
) -> list[UUID]:
    """Return requests to the bank of this case, about this account, or about a transfer with this reference."""
    rows = await connection.fetch(_FIND_ANSWERED, institution, case_no, account_key, reference_key, limit)
    return [row["request_id"] for row in rows]


class AnsweredLine(FrozenModel):
    """A line of an answer of the bank, as stated and as booked."""

    answer_id: int
    hop_no: int
    kind: ClaimKind
    disposition: Disposition
    status_code: str
    claim_paise: int
    applied_paise: int
    reference: str
    """of the transfer that was asked about"""
    received_at: UtcDatetime
    stored: StoredText = Field(repr=False)


_ANSWERED_LINES: Final = f"""
SELECT a.answer_id, h.hop_no, a.kind, a.disposition, a.status_code, a.claim_paise, a.applied_paise, h.reference,
    a.received_at, {stored_line("a")} AS stored
FROM request_hop q JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
JOIN answer a ON a.case_no = q.case_no AND a.hop_nos[1] = q.hop_no AND a.institution = $2
WHERE q.request_id = $1 AND a.disposition <> 'duplicate' ORDER BY a.answer_id DESC LIMIT $3
"""


async def answered_lines(connection: Connection, institution: str, request_id: UUID, limit: int) -> list[AnsweredLine]:
    """Return what the bank has answered about the transfers of a request, the newest first."""
    rows = await connection.fetch(_ANSWERED_LINES, request_id, institution, limit)
    return [AnsweredLine(**(dict(row) | {"stored": StoredText(**row["stored"])})) for row in rows]
