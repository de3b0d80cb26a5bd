"""How long the keys of persons, cases and banks are kept, and their end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from domain.privacy.retention import ComplaintFate
from schemas.base import FrozenModel
from schemas.events import EventKind


async def take(connection: Connection, before: datetime, now: datetime, limit: int) -> list[UUID]:
    """Return some keys that were not looked at since `before`, and note that they are now."""
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
    OR EXISTS (SELECT FROM duty d WHERE d.case_no = c.case_no AND d.done_at IS NULL)
    OR EXISTS (SELECT FROM court_order w WHERE w.case_no = c.case_no AND w.effect = 'keep_hold'
               AND w.withdrawn_at IS NULL)
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
        WHERE o.person_id = ANY($1)
    UNION SELECT p.person_id, k.ack_no FROM person_key p JOIN complaint k ON k.case_no = p.case_no
        WHERE p.person_id = ANY($1)) AS v
JOIN complaint c USING (ack_no) JOIN case_file f USING (case_no)
ORDER BY c.received_at, c.ack_no
"""


_ERASURES: Final = [EventKind.VICTIM_ERASED.value, EventKind.HOLDER_ERASED.value, EventKind.CASE_ERASED.value]


async def fates(connection: Connection, person_ids: Sequence[UUID]) -> dict[UUID, list[ComplaintFate]]:
    """Return the complaints of each key, the oldest first; a key of a bank has none.

    Those of an account holder are all complaints of the case of the hold, and those of a case all of its own. A key of
    an objection alone has the complaint of the restoration. That the data of another person of the case are destroyed
    does not lengthen the time of a person.
    """
    by_person: dict[UUID, list[ComplaintFate]] = {person_id: [] for person_id in person_ids}
    for row in await connection.fetch(_FATES, list(person_ids), _ERASURES):
        values = dict(row)
        by_person[values.pop("person_id")].append(ComplaintFate(**values))
    return by_person


async def destroy_key(connection: Connection, person_id: UUID, rule: str, at: datetime) -> bool:
    """Destroy a key, and return whether it was there.

    The digests by which a guess could be confirmed go with it.
    """
    done: bool | None = await connection.fetchval(
        "WITH victims AS (UPDATE victim SET terms = '{}' WHERE person_id = $1 RETURNING victim_id),"
        " complaints AS (UPDATE complaint c SET body_digest = '' FROM victims v WHERE c.victim_id = v.victim_id)"
        " UPDATE person_key SET wrapped = NULL, destroyed_at = $3, destroyed_for = $2"
        " WHERE person_id = $1 AND wrapped IS NOT NULL RETURNING true",
        person_id,
        rule,
        at,
    )
    return bool(done)


class Owner(FrozenModel):
    """Owner of a key: the account holder under a hold, or a case; both None for a victim."""

    hold_id: UUID | None
    case_no: str | None


async def owner_of(connection: Connection, person_id: UUID) -> Owner:
    """Return the owner of a key that is no bank's."""
    row = await connection.fetchrow(
        "SELECT o.hold_id, k.case_no FROM person_key k LEFT JOIN holder_key o USING (person_id) WHERE k.person_id = $1",
        person_id,
    )
    assert row is not None, "a key is never deleted"
    return Owner(**dict(row))


# A body of the bank may be about a case whose own key is still kept.
_OF_BANKS_OVER: Final = """
SELECT k.person_id FROM person_key k
WHERE k.person_id = ANY($1) AND k.institution IS NOT NULL AND k.made_at < $2 AND NOT EXISTS (
    SELECT FROM bank_body b CROSS JOIN LATERAL (
        SELECT u.case_no FROM status_update u WHERE u.institution = b.institution AND u.body_digest = b.digest
        UNION ALL
        SELECT r.case_no FROM returned_funds r WHERE r.institution = b.institution AND r.body_digest = b.digest
    ) AS f
    WHERE b.person_id = k.person_id AND b.of_bank AND f.case_no IS NOT NULL AND (
        EXISTS (SELECT FROM person_key c WHERE c.case_no = f.case_no AND c.wrapped IS NOT NULL)
        OR NOT EXISTS (SELECT FROM person_key c WHERE c.case_no = f.case_no)))
"""


async def of_banks_over(connection: Connection, person_ids: Sequence[UUID], made_before: datetime) -> list[UUID]:
    """Return those keys of banks that are older than a time, and whose bodies no case needs."""
    rows = await connection.fetch(_OF_BANKS_OVER, list(person_ids), made_before)
    return [row["person_id"] for row in rows]


class RetentionReport(FrozenModel):
    """How many keys there are of victims and account holders, of cases and of banks, and how many are destroyed."""

    kept: int
    """victims and account holders with a key"""
    cases_kept: int
    """keys of cases"""
    banks_kept: int
    """keys of banks"""
    destroyed: dict[str, int]
    """destroyed keys, by the rule that ended them"""


async def report(connection: Connection) -> RetentionReport:
    """Return how many keys are kept and destroyed."""
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM person_key WHERE wrapped IS NOT NULL AND num_nonnulls(case_no, institution) = 0)"
        " AS kept, (SELECT count(*) FROM person_key WHERE wrapped IS NOT NULL AND case_no IS NOT NULL) AS cases_kept,"
        " (SELECT count(*) FROM person_key WHERE wrapped IS NOT NULL AND institution IS NOT NULL) AS banks_kept,"
        " (SELECT coalesce(jsonb_object_agg(d.destroyed_for, d.keys), '{}') FROM (SELECT destroyed_for,"
        "  count(*) AS keys FROM person_key WHERE wrapped IS NULL GROUP BY 1) AS d) AS destroyed"
    )
    assert row is not None, "the statement returns one row"
    return RetentionReport(**dict(row))
