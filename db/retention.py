"""How long the keys of persons are kept, and their end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db import clear_tables
from db.pool import Connection
from domain.retention import ComplaintFate
from schemas.base import FrozenModel
from schemas.enums import EventKind


async def take(connection: Connection, before: datetime, now: datetime, limit: int) -> list[UUID]:
    """Return some persons with a key that was not looked at since `before`, and note that it is now."""
    rows = await connection.fetch(
        "UPDATE person_key SET looked_at = $2 WHERE person_id IN (SELECT k.person_id FROM person_key k"
        " WHERE k.wrapped IS NOT NULL AND coalesce(k.looked_at, k.made_at) <= $1"
        " ORDER BY coalesce(k.looked_at, k.made_at) LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING person_id",
        before,
        now,
        limit,
    )
    return [row["person_id"] for row in rows]


_FATES: Final = """
SELECT v.person_id, c.ack_no, c.case_no, (SELECT e.at FROM case_event e WHERE e.case_no = c.case_no
        AND e.kind <> ALL ($2) ORDER BY e.seq DESC LIMIT 1) AS last_at, f.state <> 'settled'
    OR EXISTS (SELECT FROM desk_task t WHERE t.case_no = c.case_no AND t.state = 'open')
    OR EXISTS (SELECT FROM account_hold h WHERE h.case_no = c.case_no AND h.state = 'held')
    OR EXISTS (SELECT FROM restoration r WHERE r.case_no = c.case_no AND r.state = 'open')
    OR EXISTS (SELECT FROM grievance g WHERE g.case_no = c.case_no AND g.state = 'open')
    OR EXISTS (SELECT FROM bank_order o WHERE o.case_no = c.case_no AND o.ended_at IS NULL)
    OR EXISTS (SELECT FROM ledger_balance b WHERE b.case_no = c.case_no AND b.bucket IN ('held', 'in_play')
               AND b.balance_paise > 0) AS is_open,
    EXISTS (SELECT FROM fir r WHERE r.case_no = c.case_no
            AND r.state IN ('requested', 'registered', 'signed')) AS has_fir,
    EXISTS (SELECT FROM withdrawal w WHERE w.ack_no = c.ack_no AND w.hop_no IS NULL
            AND w.decision = 'agreed') AS is_withdrawn,
    f.first_held_at IS NOT NULL AS was_held,
    EXISTS (SELECT FROM ledger_balance b WHERE b.case_no = c.case_no AND b.bucket = 'restored'
            AND b.balance_paise > 0) AS is_restored
FROM (SELECT v.person_id, k.ack_no FROM victim v JOIN complaint k USING (victim_id) WHERE v.person_id = ANY($1)
    UNION SELECT o.person_id, k.ack_no FROM holder_key o JOIN account_hold a USING (hold_id)
        JOIN complaint k ON k.case_no = a.case_no WHERE o.person_id = ANY($1)
    UNION SELECT o.person_id, r.ack_no FROM objection o JOIN restoration r USING (restoration_id)
        WHERE o.person_id = ANY($1)) AS v
JOIN complaint c USING (ack_no) JOIN case_file f USING (case_no)
ORDER BY c.received_at, c.ack_no
"""


_ERASURES: Final = [EventKind.VICTIM_ERASED.value, EventKind.HOLDER_ERASED.value]


async def fates(connection: Connection, person_ids: Sequence[UUID]) -> dict[UUID, list[ComplaintFate]]:
    """Return the complaints of each person, the oldest first.

    Those of an account holder are all complaints of the case of the hold. A key of an objection alone has the complaint
    of the restoration. That the data of another person of the case are destroyed does not lengthen the time of a
    person.
    """
    found: dict[UUID, list[ComplaintFate]] = {person_id: [] for person_id in person_ids}
    for row in await connection.fetch(_FATES, list(person_ids), _ERASURES):
        told = dict(row)
        found[told.pop("person_id")].append(ComplaintFate(**told))
    return found


async def destroy_key(connection: Connection, person_id: UUID, rule: str, at: datetime) -> bool:
    """Destroy the key of a person, and return whether it was there.

    The digests by which a guess could be confirmed go with it.
    """
    done: bool | None = await connection.fetchval(
        "WITH victims AS (UPDATE victim SET terms = '{}', name = '', mobile = '', email = '' WHERE person_id = $1"
        "  RETURNING victim_id),"
        " complaints AS (UPDATE complaint c SET body_digest = '' FROM victims v WHERE c.victim_id = v.victim_id)"
        " UPDATE person_key SET wrapped = NULL, destroyed_at = $3, destroyed_for = $2"
        " WHERE person_id = $1 AND wrapped IS NOT NULL RETURNING true",
        person_id,
        rule,
        at,
    )
    return bool(done)


async def hold_of(connection: Connection, person_id: UUID) -> UUID | None:
    """Return the hold whose account holder the person is; None for a victim."""
    hold_id: UUID | None = await connection.fetchval("SELECT hold_id FROM holder_key WHERE person_id = $1", person_id)
    return hold_id


async def erase_messages(connection: Connection, person_id: UUID, case_nos: Sequence[str], failure: str) -> None:
    """Take away what both releases wrote of the person's messages, and give up those that wait."""
    await connection.execute(
        "UPDATE message SET address = '…', subject = '', body = CASE WHEN body = '' THEN '' ELSE '…' END,"
        " next_attempt_at = NULL, failure = CASE WHEN sent_at IS NULL THEN $3 ELSE failure END"
        " WHERE person_id = $1 AND case_no = ANY($2)",
        person_id,
        list(case_nos),
        failure,
    )


async def mask_messages(connection: Connection, ack_nos: Sequence[str]) -> None:
    """Mask the victim's address in messages of the release before, as an evidence pack masks it."""
    await connection.execute(
        "UPDATE message m SET address = CASE WHEN m.medium = 'sms' THEN '…' || right(m.address, 4)"
        " ELSE left(m.address, 1) || '…@' || split_part(m.address, '@', 2) END"
        " FROM complaint c WHERE c.ack_no = ANY($1) AND m.case_no = c.case_no AND m.to_whom = 'victim'"
        " AND m.person_id IS NULL"
        " AND m.next_attempt_at IS NULL AND split_part(m.natural_key, '|', 3) = c.ack_no",
        list(ack_nos),
    )


class RetentionReport(FrozenModel):
    """How many victims and account holders have which data."""

    kept: int
    """with a key"""
    in_clear: dict[str, int]
    """not sealed yet, by what they are, as `goldenhour seal` names them"""
    destroyed: dict[str, int]
    """without a key, by the rule that ended it"""


async def report(connection: Connection) -> RetentionReport:
    """Return how many victims and account holders have which data."""
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM person_key WHERE wrapped IS NOT NULL) AS kept,"
        " (SELECT coalesce(jsonb_object_agg(d.destroyed_for, d.persons), '{}') FROM (SELECT destroyed_for,"
        "  count(*) AS persons FROM person_key WHERE wrapped IS NULL GROUP BY 1) AS d) AS destroyed"
    )
    assert row is not None, "the statement returns one row"
    return RetentionReport(**dict(row), in_clear=await clear_tables.count(connection))
