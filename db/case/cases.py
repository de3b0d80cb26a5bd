"""Cases: the lock, the state, the money, and the pause of requests."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from db.case import hops
from db.pool import Connection
from db.privacy.body_keys import key_of_case
from db.privacy.person_keys import PersonKey
from domain.errors.case import CaseNotFound, ComplaintNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.case_workflow import CaseStart, HopRef, OpenRequest
from schemas.enums import AnswerClass, Bucket, CaseState, EscalationLevel, HopState
from schemas.procedures import CasePolicy

COUNTED_ELSEWHERE: Final = """
    SELECT a.root_no, s.counted_case_no AS case_no, s.counted_hop_no AS hop_no FROM same_transfer s
    JOIN below a ON a.hop_no = s.aside_hop_no WHERE s.aside_case_no = $1 AND s.ended_at IS NULL
    UNION
    SELECT c.root_no, h.case_no, h.hop_no FROM counted c
    JOIN hop h ON h.case_no = c.case_no AND h.parent_hop_no = c.hop_no
"""
"""body of a recursive `counted`: where a merged case counts the hops of `below` in case `$1` that are set aside"""

_BUCKETS: Final = f"""
WITH RECURSIVE proposed AS (
    SELECT hop_no FROM ledger_balance WHERE case_no = $1 AND bucket = 'proposed' AND balance_paise < 0
    UNION ALL SELECT h.hop_no FROM proposed p JOIN hop h ON h.case_no = $1 AND h.parent_hop_no = p.hop_no
), below AS (SELECT 0 AS root_no, hop_no FROM hop WHERE case_no = $1 AND ack_no = $2
), counted AS ({COUNTED_ELSEWHERE})
SELECT b.bucket, abs(sum(b.balance_paise))::bigint AS paise, false AS is_counted_elsewhere
FROM below o JOIN ledger_balance b ON b.case_no = $1 AND b.hop_no = o.hop_no
WHERE o.hop_no NOT IN (SELECT hop_no FROM proposed) GROUP BY b.bucket
UNION ALL
SELECT b.bucket, sum(b.balance_paise)::bigint, true FROM counted c JOIN ledger_balance b USING (case_no, hop_no)
WHERE b.bucket NOT IN ('lost', 'proposed') GROUP BY b.bucket HAVING sum(b.balance_paise) > 0
"""


async def buckets(connection: Connection, case_no: str, ack_no: str) -> dict[Bucket, int]:
    """Return the amount of a complaint in each bucket (paise); `LOST` as a positive figure.

    The money of a transfer that only the victim's bank names is left out, because it is no part of the loss. A transfer
    that is set aside is where the other case of the merge has it.
    """
    sums = dict[Bucket, int]()
    for row in await connection.fetch(_BUCKETS, case_no, ack_no):
        bucket = Bucket(row["bucket"])
        for counted_in in (bucket, Bucket.LOST) if row["is_counted_elsewhere"] else (bucket,):
            sums[counted_in] = sums.get(counted_in, 0) + row["paise"]
    return sums


PAUSED: Final = (
    "SELECT q.case_no FROM request_pause p JOIN complaint q USING (ack_no) WHERE p.ends_at > ${now}::timestamptz"
)
"""the numbers of the cases that are paused; `now` is the number of the parameter with the present time"""


async def pause_requests(connection: Connection, ack_nos: Sequence[str], ends_at: datetime) -> None:
    """Pause the cases of these numbers until `ends_at`; a number needs no case yet. A longer pause stays."""
    await connection.execute(
        "INSERT INTO request_pause AS p (ack_no, ends_at) SELECT ack_no, $2 FROM unnest($1::text[]) AS t (ack_no)"
        " ORDER BY ack_no ON CONFLICT (ack_no) DO UPDATE SET ends_at = greatest(p.ends_at, excluded.ends_at)",
        list(ack_nos),
        ends_at,
    )


async def end_pauses(connection: Connection, ack_nos: Sequence[str], now: datetime) -> None:
    """End the pauses of these numbers, and remove those that were over before `now`."""
    await connection.execute("DELETE FROM request_pause WHERE ack_no = ANY($1) OR ends_at < $2", list(ack_nos), now)


async def is_paused(connection: Connection, case_no: str, now: datetime) -> bool:
    """Return whether no bank is to be asked about the case yet."""
    paused: bool = await connection.fetchval(f"SELECT $1::text IN ({PAUSED.format(now=2)})", case_no, now)
    return paused


class CaseHead(FrozenModel):
    """The fields of a locked case that a transaction needs to work on it, and the time of the lock."""

    case_no: str
    state: CaseState
    last_hop_no: int
    last_batch_no: int
    opened_at: UtcDatetime
    first_answered_at: UtcDatetime | None
    first_held_at: UtcDatetime | None
    now: UtcDatetime
    """the present moment after the wait for the lock; the time of everything that the transaction writes"""


HEAD = "case_no, state, last_hop_no, last_batch_no, opened_at, first_answered_at, first_held_at"
# The present moment is read outside the subquery, because the subquery waits for the lock.
_LOCK = f"""
SELECT {HEAD}, present_moment() AS now FROM (
    SELECT {HEAD} FROM case_file WHERE case_no = (SELECT case_no FROM complaint WHERE ack_no = $1) FOR NO KEY UPDATE
) c
"""


def new_head(case_no: str, opened_at: datetime, last_hop_no: int) -> CaseHead:
    """Return the head of a case that this transaction opens. No other transaction sees its row before the commit."""
    return CaseHead(
        case_no=case_no,
        state=CaseState.OPEN,
        last_hop_no=last_hop_no,
        last_batch_no=0,
        opened_at=opened_at,
        first_answered_at=None,
        first_held_at=None,
        now=opened_at,
    )


async def case_of_complaint(connection: Connection, ack_no: str) -> str:
    """Return the case of a complaint. Raises `NotFound`."""
    case_no: str | None = await connection.fetchval("SELECT case_no FROM complaint WHERE ack_no = $1", ack_no)
    if case_no is None:
        raise ComplaintNotFound(ack_no)
    return case_no


async def lock(connection: Connection, ack_no: str) -> CaseHead:
    """Lock the row of the case that any of its numbers names, until the transaction ends. Raises `NotFound`."""
    row = await connection.fetchrow(_LOCK, ack_no)
    if row is None:
        raise CaseNotFound(ack_no)
    return CaseHead(**dict(row))


async def lock_if_free(connection: Connection, case_no: str) -> CaseHead | None:
    """Lock the row of a case by its own number; return None if another transaction has it locked."""
    row = await connection.fetchrow(
        f"SELECT {HEAD}, present_moment() AS now FROM"
        f" (SELECT {HEAD} FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE SKIP LOCKED) c",
        case_no,
    )
    return None if row is None else CaseHead(**dict(row))


async def lock_all(connection: Connection, case_nos: Collection[str]) -> list[CaseHead]:
    """Lock the rows of these cases in the order of their numbers.

    All heads have the time of the last lock. With one order two transactions that lock several cases never deadlock.
    """
    rows = await connection.fetch(
        f"SELECT {HEAD}, max(present_moment()) OVER () AS now FROM"
        f" (SELECT {HEAD} FROM case_file WHERE case_no = ANY($1) ORDER BY case_no FOR NO KEY UPDATE) c",
        list(case_nos),
    )
    return [CaseHead(**dict(row)) for row in rows]


async def give_out_hops(connection: Connection, case_no: str, last_hop_no: int) -> None:
    """Store the highest hop number assigned."""
    await connection.execute("UPDATE case_file SET last_hop_no = $2 WHERE case_no = $1", case_no, last_hop_no)


async def reopen(connection: Connection, case_no: str) -> None:
    """Reopen a settled case whose money is in play again. Its workflow must be started again."""
    await connection.execute(
        "UPDATE case_file SET state = 'open', settled_at = NULL, workflow_started_at = NULL,"
        " opening_no = opening_no + 1 WHERE case_no = $1",
        case_no,
    )


async def settle(connection: Connection, case_no: str, at: datetime) -> bool:
    """Settle an open case without money in play; false if it was settled before."""
    done = await connection.fetchval(
        "UPDATE case_file SET state = 'settled', settled_at = $2 WHERE case_no = $1 AND state = 'open' RETURNING true",
        case_no,
        at,
    )
    return bool(done)


async def mark_started(connection: Connection, openings: Sequence[tuple[str, int]], at: datetime) -> None:
    """Write that workflows run for these openings of cases.

    The sweep no longer has to start them, and checks them later. A case reopened since then has a later opening number
    and is left to the sweep, because perhaps no workflow knows of the new opening.
    """
    await connection.execute(
        # The rows are locked in one order, because two processes may mark overlapping cases at once.
        "UPDATE case_file SET workflow_started_at = $3 WHERE case_no IN"
        " (SELECT c.case_no FROM case_file c JOIN unnest($1::text[], $2::integer[]) AS told (case_no, opening_no)"
        " USING (case_no, opening_no) ORDER BY c.case_no FOR NO KEY UPDATE OF c)",
        [case_no for case_no, _ in openings],
        [opening_no for _, opening_no in openings],
        at,
    )


async def mark_not_started(connection: Connection, case_nos: Sequence[str]) -> None:
    """Write that no workflow runs for these cases; the sweep starts those that are open."""
    await connection.execute(
        "UPDATE case_file SET workflow_started_at = NULL WHERE case_no IN"
        " (SELECT case_no FROM case_file WHERE case_no = ANY($1) ORDER BY case_no FOR NO KEY UPDATE)",
        list(case_nos),
    )


async def is_open(connection: Connection, case_no: str) -> bool:
    """Return whether money of the case may still be in play."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM case_file WHERE case_no = $1 AND state = 'open')", case_no
    )
    return exists


async def is_new(connection: Connection, case_no: str) -> bool:
    """Return whether the case is open and its workflow was not started."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM case_file WHERE case_no = $1 AND state = 'open' AND workflow_started_at IS NULL)",
        case_no,
    )
    return exists


async def not_started(
    connection: Connection, before: datetime, limit: int, now: datetime
) -> list[tuple[str, datetime]]:
    """Return open cases opened before `before` whose workflow was not started, the oldest first.

    Cases that are paused at `now` are left out.
    """
    rows = await connection.fetch(
        "SELECT case_no, opened_at FROM case_file WHERE workflow_started_at IS NULL AND state = 'open'"
        f" AND opened_at < $1 AND case_no NOT IN ({PAUSED.format(now=3)}) ORDER BY opened_at LIMIT $2",
        before,
        limit,
        now,
    )
    return [(row["case_no"], row["opened_at"]) for row in rows]


async def not_seen(connection: Connection, before: datetime, limit: int, now: datetime) -> list[str]:
    """Return open cases whose workflow was started or last checked before `before`, the oldest check first.

    Cases that are paused at `now` are left out.
    """
    rows = await connection.fetch(
        "SELECT case_no FROM case_file WHERE state = 'open' AND workflow_started_at < $1"
        f" AND case_no NOT IN ({PAUSED.format(now=3)}) ORDER BY workflow_started_at LIMIT $2",
        before,
        limit,
        now,
    )
    return [row["case_no"] for row in rows]


_LIVE_REQUESTS = """
SELECT r.request_id::text, r.batch_no, r.institution, i.answer_class, r.level, r.round,
       r.delivered_at IS NOT NULL OR r.state = 'refused' AS delivered,
       greatest(r.sent_at, r.delivered_at, r.level_at) AS waiting_since,
       array_agg(rh.hop_no ORDER BY rh.hop_no) AS hop_nos, array_agg(rh.revision ORDER BY rh.hop_no) AS revisions,
       max(h.transferred_at) AS freshest_at, max(b.balance_paise) AS largest_paise
FROM hold_request r
JOIN institution i ON i.code = r.institution
JOIN request_hop rh USING (request_id)
JOIN hop h ON h.case_no = rh.case_no AND h.hop_no = rh.hop_no
JOIN ledger_balance b ON b.case_no = rh.case_no AND b.hop_no = rh.hop_no AND b.bucket = 'in_play'
WHERE r.case_no = $1 AND rh.live AND b.balance_paise > 0
GROUP BY r.request_id, i.answer_class ORDER BY r.batch_no, r.institution
"""

MAX_OPEN_HOPS_A_START = 5_000
"""hops that fit into one payload to Temporal (2 MB) with room to spare; the others are planned after them"""


async def policy_of(connection: Connection, case_no: str) -> CasePolicy:
    """Return the frozen policy of a case. Raises `NotFound`."""
    policy = await connection.fetchval("SELECT policy FROM case_file WHERE case_no = $1", case_no)
    if policy is None:
        raise CaseNotFound(case_no)
    return CasePolicy.model_validate(policy)


async def snapshot(connection: Connection, case_no: str) -> CaseStart:
    """Return everything that a workflow needs to continue the case. Raises `NotFound`.

    The figures need not be of one instant, because the database refuses a second live request for a hop, whatever the
    workflow has read.
    """
    head = await connection.fetchrow(
        "SELECT policy, opening_no, last_batch_no FROM case_file WHERE case_no = $1", case_no
    )
    if head is None:
        raise CaseNotFound(case_no)
    to_ask = await hops.briefs(connection, case_no, HopState.OPEN, MAX_OPEN_HOPS_A_START)
    parked = await connection.fetch(
        "SELECT hop_no, revision FROM hop WHERE case_no = $1 AND state IN ('correction', 'unroutable') ORDER BY hop_no",
        case_no,
    )
    return CaseStart(
        case_no=case_no,
        policy=CasePolicy.model_validate(head["policy"]),
        opening_no=head["opening_no"],
        last_batch_no=head["last_batch_no"],
        open_hops=tuple(to_ask),
        parked=tuple(HopRef(hop_no=row["hop_no"], revision=row["revision"]) for row in parked),
        requests=await _open_requests(connection, case_no),
    )


async def _open_requests(connection: Connection, case_no: str) -> tuple[OpenRequest, ...]:
    rows = await connection.fetch(_LIVE_REQUESTS, case_no)
    return tuple(
        OpenRequest(
            request_id=row["request_id"],
            batch_no=row["batch_no"],
            institution=row["institution"],
            answer_class=AnswerClass(row["answer_class"]),
            hops=tuple(
                HopRef(hop_no=hop_no, revision=revision)
                for hop_no, revision in zip(row["hop_nos"], row["revisions"], strict=True)
            ),
            freshest_at=row["freshest_at"],
            largest_paise=row["largest_paise"],
            delivered=row["delivered"],
            level=EscalationLevel(row["level"]) if row["level"] else None,
            round=row["round"],
            waiting_since=row["waiting_since"],
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Concerned:
    """The case that a bank's request is about, locked, and the key of its bodies."""

    head: CaseHead
    key: PersonKey | None


CASE_OF: Final = """
SELECT case_no FROM hold_request WHERE request_id = {about} AND institution = {institution}
UNION ALL SELECT case_no FROM payer_inquiry WHERE inquiry_id = {about} AND institution = {institution}
UNION ALL SELECT case_no FROM bank_order WHERE order_id = {about} AND institution = {institution}
UNION ALL SELECT g.case_no FROM grievance g JOIN account_hold a USING (hold_id)
WHERE g.grievance_id = {about} AND a.institution = {institution} LIMIT 1
"""
"""SQL of the case of a bank's request; `about` is a request, an inquiry, an order or a grievance of this bank"""
# As `lock`, in one statement with the search.
_LOCK_CONCERNED: Final = f"""
SELECT c.*, present_moment() AS now, {key_of_case("c.case_no")} AS key FROM (
    SELECT {HEAD} FROM case_file WHERE case_no = ({CASE_OF.format(about="$1", institution="$2")})
    FOR NO KEY UPDATE
) c
"""


async def lock_case_of(connection: Connection, institution: str, about: UUID) -> Concerned | None:
    """Lock and return the case that a bank's request is about, or None without one of this bank."""
    row = await connection.fetchrow(_LOCK_CONCERNED, about, institution)
    if row is None:
        return None
    head = CaseHead(**{name: row[name] for name in CaseHead.model_fields})
    return Concerned(head, PersonKey(**row["key"]) if row["key"] else None)


async def case_no_of(connection: Connection, ack_no: str) -> str:
    """Return the number of the case that any of its numbers names. Raises `NotFound`."""
    case_no: str | None = await connection.fetchval("SELECT case_no FROM complaint WHERE ack_no = $1", ack_no)
    if case_no is None:
        raise CaseNotFound(ack_no)
    return case_no


async def unconfirmed_since(connection: Connection, case_no: str) -> datetime | None:
    """Return when a case began that only unconfirmed complaints of the page tell; None for any other case."""
    since: datetime | None = await connection.fetchval("SELECT unconfirmed_since($1)", case_no)
    return since
