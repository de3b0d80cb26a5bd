"""Openings of a restoration, and exclusions from it.

Money excluded from a restoration: refused by an SP or a court, or cancelled by an officer. It is in no later round
until it is reopened.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID, uuid4

from db.pool import Connection
from db.rows import Rows
from domain.recovery.procedure import OBJECTION_STEPS
from schemas.base import FrozenModel
from schemas.procedures import RestorationPolicy
from schemas.restoration_enums import Step

JOINABLE = (Step.COLLECTING, Step.APPLICATION, Step.VERIFICATION)
"""money held after these steps waits for the next round, because its account holder must have notice first"""


class Opened(FrozenModel):
    """The restoration of some money, and whether it is a new one."""

    restoration_id: UUID
    round_no: int
    new: bool


async def joinable(connection: Connection, ack_no: str) -> Opened | None:
    """Return the victim's restoration that new money on hold can still join, or None.

    The caller has locked the case's row.
    """
    row = await connection.fetchrow(
        "SELECT restoration_id, round_no FROM restoration r WHERE ack_no = $1 AND state = 'open' AND step = ANY($2)"
        " AND NOT EXISTS (SELECT FROM restoration_step s WHERE s.restoration_id = r.restoration_id"
        "  AND s.step = ANY($3) AND s.outcome IN ('done', 'skipped')) ORDER BY round_no DESC LIMIT 1",
        ack_no,
        [step.value for step in JOINABLE],
        [step.value for step in OBJECTION_STEPS],
    )
    return Opened(restoration_id=row["restoration_id"], round_no=row["round_no"], new=False) if row else None


async def open_round(
    connection: Connection,
    case_no: str,
    ack_no: str,
    policy: RestorationPolicy,
    first_held_at: datetime,
    now: datetime,
) -> Opened:
    """Open the victim's next round, at the step `collecting`. The caller has locked the case's row."""
    row = await connection.fetchrow(
        "INSERT INTO restoration (restoration_id, case_no, ack_no, round_no, state, step, policy, first_held_at,"
        " opened_at) SELECT $1, $2, $3, coalesce(max(round_no), 0) + 1, 'open', $4, $5, $6, $7"
        " FROM restoration WHERE ack_no = $3 RETURNING restoration_id, round_no",
        uuid4(),
        case_no,
        ack_no,
        Step.COLLECTING.value,
        policy.model_dump(mode="json"),
        first_held_at,
        now,
    )
    assert row is not None, "an INSERT of one row returns it"
    await connection.execute(
        "INSERT INTO restoration_step (restoration_id, step, visit_no, opened_at, due_at) VALUES ($1, $2, 1, $3, $4)",
        row["restoration_id"],
        Step.COLLECTING.value,
        now,
        # The step counts from the first hold, even if the engine learned of it later.
        first_held_at + timedelta(seconds=policy.steps[Step.COLLECTING].due_seconds),
    )
    return Opened(restoration_id=row["restoration_id"], round_no=row["round_no"], new=True)


async def in_a_round(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> dict[int, UUID]:
    """Return those of these hops that are in an open restoration, with its id."""
    rows = await connection.fetch(
        "SELECT l.hop_no, r.restoration_id FROM restoration_line l JOIN restoration r USING (restoration_id)"
        " WHERE l.case_no = $1 AND l.hop_no = ANY($2) AND r.state = 'open'",
        case_no,
        list(hop_nos),
    )
    return {row["hop_no"]: row["restoration_id"] for row in rows}


async def divide_again(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> None:
    """Unset the allocation of these hops, of which more is on hold now than was allocated.

    Approval is not prepared before the new amount is allocated too.
    """
    await connection.execute(
        "UPDATE restoration_line l SET allocation_id = NULL FROM restoration r WHERE l.case_no = $1"
        " AND l.hop_no = ANY($2) AND r.restoration_id = l.restoration_id AND r.state = 'open' AND r.step = 'approval'"
        " AND r.prepared_by IS NULL",
        case_no,
        list(hop_nos),
    )


async def stand_on(connection: Connection, case_no: str, lines: Sequence[tuple[int, UUID]]) -> None:
    """Set the hold under which these hops of open restorations are on hold."""
    await connection.execute(
        "UPDATE restoration_line l SET hold_id = n.hold_id FROM restoration r,"
        " unnest($2::integer[], $3::uuid[]) AS n (hop_no, hold_id)"
        " WHERE l.case_no = $1 AND l.hop_no = n.hop_no AND l.hold_id <> n.hold_id"
        " AND r.restoration_id = l.restoration_id AND r.state = 'open'",
        case_no,
        [hop_no for hop_no, _ in lines],
        [hold_id for _, hold_id in lines],
    )


async def add_lines(
    connection: Connection, restoration_id: UUID, case_no: str, lines: Sequence[tuple[int, UUID]]
) -> None:
    """Add the money of these hops to the restoration, each with its hold."""
    await connection.execute(
        "INSERT INTO restoration_line (restoration_id, case_no, hop_no, hold_id)"
        " SELECT $1, $2, l.hop_no, l.hold_id FROM unnest($3::integer[], $4::uuid[]) AS l (hop_no, hold_id)"
        " ON CONFLICT DO NOTHING",
        restoration_id,
        case_no,
        [hop_no for hop_no, _ in lines],
        [hold_id for _, hold_id in lines],
    )


_APPLICATION: Final = (
    "EXISTS (SELECT FROM document d WHERE d.case_no = r.case_no AND d.kind = 'restoration_application'"
    " AND d.subject = r.restoration_id::text AND d.language = v.language AND d.revision = r.visit_no)"
)


async def has_application(connection: Connection, restoration_id: UUID) -> bool:
    """Return whether the application of this visit of its step is issued."""
    has: bool = await connection.fetchval(
        f"SELECT {_APPLICATION} FROM restoration r JOIN complaint c USING (ack_no) JOIN victim v USING (victim_id)"
        " WHERE r.restoration_id = $1",
        restoration_id,
    )
    return has


async def owes_application(connection: Connection, restoration_id: UUID) -> bool:
    """Return whether a restoration at its application step has no application, or an open work item about it."""
    owes: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM restoration r JOIN complaint c USING (ack_no) JOIN victim v USING (victim_id)"
        " WHERE r.restoration_id = $1 AND r.state = 'open' AND r.step = 'application' AND ("
        f"  NOT {_APPLICATION}"
        "  OR EXISTS (SELECT FROM desk_task t WHERE t.case_no = r.case_no AND t.state = 'open'"
        "   AND t.subject_kind = 'restoration' AND t.subject_id = r.restoration_id::text"
        "   AND t.cause = 'application_lacks_facts')))",
        restoration_id,
    )
    return owes


As = Literal["refused", "cancelled"]

_EXCLUDED: Final = "l.excluded_at IS NOT NULL AND l.reopened_at IS NULL"


class Why(FrozenModel):
    """Who excluded the money, and why."""

    as_: As
    by: str
    reason: str
    court_order_id: int | None = None
    """the order by which a court refuses it"""


async def exclude(connection: Connection, restoration_id: UUID, hop_nos: Sequence[int], why: Why, at: datetime) -> None:
    """Exclude the money of these hops from this restoration."""
    await connection.execute(
        "UPDATE restoration_line SET court_order_id = coalesce($3, court_order_id), due_paise = NULL,"
        " excluded_as = $4, excluded_at = $5, excluded_by = $6, excluded_reason = $7"
        " WHERE restoration_id = $1 AND hop_no = ANY($2)",
        restoration_id,
        list(hop_nos),
        why.court_order_id,
        why.as_,
        at,
        why.by,
        why.reason,
    )


class ExcludedMoney(FrozenModel):
    """Money that a restoration excluded and that is not reopened."""

    hop_no: int
    restoration_id: UUID
    reason: str
    held_paise: int


_EXCLUSION: Final = (
    "SELECT l.hop_no, l.restoration_id, l.excluded_reason AS reason, coalesce(b.balance_paise, 0) AS held_paise"
    " FROM restoration_line l LEFT JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no"
    f" AND b.bucket = 'held' WHERE {_EXCLUDED}"
)


async def of_case(connection: Connection, case_no: str) -> dict[int, ExcludedMoney]:
    """Return the excluded money of a case, by hop."""
    rows = await connection.fetch(f"{_EXCLUSION} AND l.case_no = $1 ORDER BY l.hop_no", case_no)
    return {row["hop_no"]: ExcludedMoney(**dict(row)) for row in rows}


async def of_restoration(connection: Connection, restoration_id: UUID) -> list[ExcludedMoney]:
    """Return the money that one restoration excluded, by hop."""
    return await Rows(connection, ExcludedMoney).many(
        f"{_EXCLUSION} AND l.restoration_id = $1 ORDER BY l.hop_no", restoration_id
    )


async def reopen(connection: Connection, case_no: str, hop_nos: Sequence[int], at: datetime) -> None:
    """Reopen the excluded money of these hops."""
    await connection.execute(
        f"UPDATE restoration_line l SET reopened_at = $3 WHERE l.case_no = $1 AND l.hop_no = ANY($2) AND {_EXCLUDED}",
        case_no,
        list(hop_nos),
        at,
    )
