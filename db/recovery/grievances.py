"""Grievances of account holders, and the levels that decide on them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.privacy.person_keys import SealedText, insert_key_of_hold
from db.recovery.grievance_views import SealedGrievance
from db.rows import Rows
from domain.errors.recovery import GrievanceNotFound
from domain.recovery.grievances import Earlier
from domain.recovery.holds import Appealed
from domain.recovery.procedure import WAITS_FOR_APPEAL
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language
from schemas.procedures import GrievancePolicy
from schemas.recovery.grievances import GrievanceCount, GrievanceReport, number_of
from schemas.restoration_enums import (
    GrievanceDecision,
    GrievanceLevel,
    GrievanceOutcome,
    GrievanceState,
    KycFinding,
)


class GrievanceRow(FrozenModel):
    """A grievance as it is stored, without its texts."""

    grievance_id: UUID
    serial_no: int
    hold_id: UUID
    case_no: str
    state: GrievanceState
    level: GrievanceLevel
    policy: GrievancePolicy
    opened_at: UtcDatetime

    @property
    def number(self) -> str:
        """The number that the account holder gets."""
        return number_of(self.serial_no)


_ROW: Final = ", ".join(GrievanceRow.model_fields)


class LevelRow(FrozenModel):
    """One level of a grievance, without its texts."""

    level: GrievanceLevel
    opened_at: UtcDatetime
    due_at: UtcDatetime
    ended_at: UtcDatetime | None
    ended_by: str | None
    outcome: GrievanceOutcome | None
    kyc: KycFinding | None
    overdue_at: UtcDatetime | None


_LEVEL: Final = ", ".join(LevelRow.model_fields)


_INSERT: Final = f"""
WITH {insert_key_of_hold("$9", "$10", "$11", "$7")}
INSERT INTO grievance (grievance_id, hold_id, case_no, state, level, language, policy, opened_at, filed_by, person_id,
    sealed_text, sealed_contact)
VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $12, $13) RETURNING {_ROW}
"""


async def insert(
    connection: Connection,
    hold_id: UUID,
    case_no: str,
    language: Language,
    sealed: SealedGrievance,
    policy: GrievancePolicy,
    level: GrievanceLevel,
    due_at: datetime,
    at: datetime,
    by: str,
) -> GrievanceRow:
    """Write a grievance at the level where it begins. The caller has locked the case's row."""
    row = await connection.fetchrow(
        _INSERT,
        sealed.grievance_id,
        hold_id,
        case_no,
        level.value,
        language.value,
        policy.model_dump(mode="json"),
        at,
        by,
        sealed.key.person_id,
        bytes.fromhex(sealed.key.wrapped or ""),
        hold_id if sealed.is_new_key else None,
        sealed.text,
        sealed.contact,
    )
    assert row is not None, "one row was inserted"
    written = GrievanceRow(**dict(row))
    await _open_level(connection, written.grievance_id, level, at, due_at)
    return written


async def case_of(connection: Connection, grievance_id: UUID, institution: str | None = None) -> str:
    """Return the case of a grievance. Raises `NotFound`.

    With `institution` it must be about a hold at that bank.
    """
    case_no: str | None = await connection.fetchval(
        "SELECT g.case_no FROM grievance g JOIN account_hold a USING (hold_id)"
        " WHERE g.grievance_id = $1 AND ($2::text IS NULL OR a.institution = $2)",
        grievance_id,
        institution,
    )
    if case_no is None:
        raise GrievanceNotFound(grievance_id)
    return case_no


async def find(connection: Connection, grievance_id: UUID) -> GrievanceRow | None:
    """Return one grievance, or None."""
    return await Rows(connection, GrievanceRow).first(
        f"SELECT {_ROW} FROM grievance WHERE grievance_id = $1", grievance_id
    )


async def get(connection: Connection, grievance_id: UUID) -> GrievanceRow:
    """Lock one grievance's row and return it; the caller has locked its case. Raises `NotFound`."""
    return await Rows(connection, GrievanceRow).one(
        f"SELECT {_ROW} FROM grievance WHERE grievance_id = $1 FOR UPDATE",
        grievance_id,
        missing=GrievanceNotFound(grievance_id),
    )


async def levels_of(connection: Connection, grievance_id: UUID) -> list[LevelRow]:
    """Return the levels that the grievance has reached, the lowest first."""
    return await Rows(connection, LevelRow).many(
        f"SELECT {_LEVEL} FROM grievance_level WHERE grievance_id = $1 ORDER BY place", grievance_id
    )


async def open_due_at(connection: Connection, grievance_id: UUID) -> datetime | None:
    """Return when the open level must decide; None without an open level."""
    due_at: datetime | None = await connection.fetchval(
        "SELECT due_at FROM grievance_level WHERE grievance_id = $1 AND ended_at IS NULL", grievance_id
    )
    return due_at


async def latest_about(connection: Connection, hold_id: UUID) -> Earlier | None:
    """Return the last grievance about a hold, or None."""
    return await Rows(connection, Earlier).first(
        "SELECT g.state, g.level, g.opened_at, (SELECT count(*) FROM grievance e WHERE e.hold_id = $1"
        " AND e.opened_at >= a.first_held_at) AS filed, v.due_at AS level_due_at, v.ended_at AS level_ended_at"
        " FROM grievance g JOIN account_hold a USING (hold_id)"
        " LEFT JOIN grievance_level v ON v.grievance_id = g.grievance_id AND v.level = g.level"
        " WHERE g.hold_id = $1 ORDER BY g.serial_no DESC LIMIT 1",
        hold_id,
    )


async def open_about(connection: Connection, hold_id: UUID) -> list[UUID]:
    """Return the open grievances about a hold: one, or none."""
    rows = await connection.fetch("SELECT grievance_id FROM grievance WHERE hold_id = $1 AND state = 'open'", hold_id)
    return [row["grievance_id"] for row in rows]


async def appealed(connection: Connection, hold_id: UUID) -> Appealed | None:
    """Return the appeals since the hold began, or None without one.

    Also None unless an open restoration of its money has come past the verification and is not approved, because
    otherwise an appeal would only make the holder's own hold longer. A restoration that is sent back stays one: no
    officer alone ends by this what keeps the hold.
    """
    return await Rows(connection, Appealed).first(
        "SELECT min(g.opened_at) AS filed_at, CASE WHEN bool_and(g.ended_at IS NOT NULL) THEN max(g.ended_at) END"
        " AS ended_at FROM grievance g JOIN account_hold a USING (hold_id)"
        " WHERE g.hold_id = $1 AND g.opened_at >= a.first_held_at AND EXISTS ("
        "  SELECT FROM restoration_line l JOIN restoration r USING (restoration_id) WHERE l.hold_id = $1"
        "  AND l.objection_id IS NULL AND l.excluded_at IS NULL AND r.state = 'open'"
        "  AND (r.step = ANY($2) OR (r.step IN ('application', 'verification')"
        "   AND EXISTS (SELECT FROM restoration_step s WHERE s.restoration_id = r.restoration_id"
        "    AND s.step = 'verification' AND s.outcome = 'done'))))"
        " HAVING count(*) > 0",
        hold_id,
        [step.value for step in WAITS_FOR_APPEAL],
    )


async def deciders(connection: Connection, grievance_id: UUID) -> tuple[str, ...]:
    """Return the officers who decided on the grievance, confirmed its release, or kept its small-value hold.

    None of them may decide on it again.
    """
    rows = await connection.fetch(
        "SELECT ended_by AS who FROM grievance_level WHERE grievance_id = $1 AND outcome = 'decided'"
        " UNION SELECT a.small_hold_decided_by FROM grievance g JOIN account_hold a USING (hold_id)"
        " WHERE g.grievance_id = $1 AND a.small_hold_decision = 'keep'"
        " UNION SELECT p.decided_by FROM grievance g JOIN proposal p ON p.kind = 'release'"
        " AND p.subject = g.hold_id::text WHERE g.grievance_id = $1 AND p.grievance_id = $1 AND p.decision = 'agreed'",
        grievance_id,
    )
    return tuple(row["who"] for row in rows)


async def open_of_case(connection: Connection, case_no: str) -> list[GrievanceRow]:
    """Return the open grievances of a case, the oldest first."""
    return await Rows(connection, GrievanceRow).many(
        f"SELECT {_ROW} FROM grievance WHERE case_no = $1 AND state = 'open' ORDER BY serial_no", case_no
    )


async def is_on_hold(connection: Connection, hold_id: UUID) -> bool:
    """Return whether the hold that a grievance is about has not ended."""
    on_hold: bool = await connection.fetchval("SELECT state = 'held' FROM account_hold WHERE hold_id = $1", hold_id)
    return on_hold


# -- from level to level -----------------------------------------------------------------------------------------------


_OPEN_LEVEL: Final = f"""
WITH of_hold AS (SELECT hold_id FROM grievance WHERE grievance_id = $1 AND $8),
{insert_key_of_hold("$6", "$7", "(SELECT hold_id FROM of_hold)", "$3")}
INSERT INTO grievance_level (grievance_id, level, opened_at, due_at, opened_by, person_id, sealed_said)
VALUES ($1, $2, $3, $4, $5, $6, $9)
"""


async def _open_level(
    connection: Connection,
    grievance_id: UUID,
    level: GrievanceLevel,
    at: datetime,
    due_at: datetime,
    by: str | None = None,
    sealed: SealedText | None = None,
) -> None:
    key = sealed.key if sealed else None
    await connection.execute(
        _OPEN_LEVEL,
        grievance_id,
        level.value,
        at,
        due_at,
        by,
        key.person_id if key else None,
        bytes.fromhex(key.wrapped) if key and key.wrapped else None,
        sealed is not None and sealed.is_new_key,
        sealed.sealed if sealed else None,
    )


async def give_time(connection: Connection, grievance_id: UUID, due_at: datetime) -> None:
    """Give the open level time until `due_at`, unless it has more, because a release of it waits."""
    await connection.execute(
        "UPDATE grievance_level SET due_at = greatest(due_at, $2) WHERE grievance_id = $1 AND ended_at IS NULL",
        grievance_id,
        due_at,
    )


async def end_level(
    connection: Connection,
    grievance_id: UUID,
    outcome: GrievanceOutcome,
    at: datetime,
    by: str,
    *,
    finding: str = "",
    kyc: KycFinding | None = None,
    decision: GrievanceDecision | None = None,
    released_paise: int | None = None,
) -> None:
    """End the open level with its outcome."""
    await connection.execute(
        "UPDATE grievance_level SET ended_at = $2, ended_by = $3, outcome = $4, finding = $5, kyc = $6, decision = $7,"
        " released_paise = $8 WHERE grievance_id = $1 AND ended_at IS NULL",
        grievance_id,
        at,
        by,
        outcome.value,
        finding,
        kyc,
        decision,
        released_paise,
    )


async def move(
    connection: Connection,
    grievance_id: UUID,
    level: GrievanceLevel,
    at: datetime,
    due_at: datetime,
    by: str | None = None,
    sealed: SealedText | None = None,
) -> None:
    """Move the grievance to a level; a decided one is opened again. `by` appealed to the level.

    `sealed` is the holder's own statement; None without one.
    """
    await connection.execute(
        "UPDATE grievance SET level = $2, state = 'open', ended_at = NULL, ended_by = NULL, released_paise = NULL,"
        " reason = '' WHERE grievance_id = $1",
        grievance_id,
        level.value,
    )
    await _open_level(connection, grievance_id, level, at, due_at, by, sealed)


async def end(
    connection: Connection,
    grievance_id: UUID,
    state: GrievanceState,
    at: datetime,
    by: str,
    *,
    reason: str = "",
    released_paise: int | None = None,
) -> None:
    """End the grievance: decided, or ended in another way."""
    await connection.execute(
        "UPDATE grievance SET state = $2, ended_at = $3, ended_by = $4, reason = $5, released_paise = $6"
        " WHERE grievance_id = $1",
        grievance_id,
        state.value,
        at,
        by,
        reason,
        released_paise,
    )


async def note_overdue(connection: Connection, grievance_id: UUID, at: datetime) -> None:
    """Write that the supervisor was told of a level whose time has passed."""
    await connection.execute(
        "UPDATE grievance_level SET overdue_at = $2 WHERE grievance_id = $1 AND ended_at IS NULL", grievance_id, at
    )


async def was_reported(connection: Connection, grievance_id: UUID, report: GrievanceReport) -> bool:
    """Return whether the bank has reported exactly this."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM grievance_level WHERE grievance_id = $1 AND outcome = 'reported' AND kyc = $2"
        " AND finding = $3)",
        grievance_id,
        report.kyc.value,
        report.finding,
    )
    return exists


# -- measures ----------------------------------------------------------------------------------------------------------

_AGES: Final = ((7, "under_7_days"), (30, "under_30_days"), (60, "under_60_days"), (90, "under_90_days"))
_OLDEST: Final = "90_days_and_more"

_FIGURES: Final = f"""
SELECT g.state, g.level, CASE {
    " ".join(f"WHEN took.seconds < {days} * 86400 / $2::float THEN '{name}'" for days, name in _AGES)
} ELSE '{_OLDEST}' END AS age,
    count(*)::integer AS grievances,
    coalesce(sum(money.held_paise), 0)::bigint AS held_paise,
    coalesce(sum(released.paise), 0)::bigint AS released_paise
FROM grievance g JOIN account_hold a USING (hold_id)
CROSS JOIN LATERAL (SELECT extract(epoch FROM coalesce(g.ended_at, $1) - g.opened_at) AS seconds) AS took
CROSS JOIN LATERAL (
    SELECT sum(b.balance_paise) AS held_paise FROM hop h JOIN ledger_balance b ON b.case_no = h.case_no
    AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
) AS money
CROSS JOIN LATERAL (
    SELECT sum(l.confirmed_paise) AS paise FROM bank_order o JOIN bank_order_line l USING (order_id)
    WHERE o.case_no = g.case_no AND o.grievance_id = g.grievance_id
) AS released
WHERE ($3::timestamptz IS NULL OR g.opened_at >= $3) AND ($4::timestamptz IS NULL OR g.opened_at < $4)
GROUP BY g.state, g.level, age ORDER BY g.state, g.level, age
"""


async def figures(
    connection: Connection,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    clock_factor: float = 1.0,
) -> list[GrievanceCount]:
    """Return counts of grievances opened in this time, by outcome, level and age.

    Amounts on hold and amounts released by banks are separate. `clock_factor` divides the days of the ages, as it does
    those of the clocks.
    """
    return await Rows(connection, GrievanceCount).many(_FIGURES, now, clock_factor, since, until)
