"""Opening a victim's restoration, and the hops whose money it is about."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from db.pool import Connection
from schemas.base import Noun
from schemas.procedures import RestorationPolicy
from schemas.restoration_enums import Step

JOINABLE = (Step.COLLECTING, Step.APPLICATION, Step.VERIFICATION)
"""what is held later than these is for the next round: the holder of the account must have his say first"""


class Opened(Noun):
    """The restoration that money belongs to, and whether it begins with it."""

    restoration_id: UUID
    round_no: int
    new: bool


async def joinable(connection: Connection, ack_no: str) -> Opened | None:
    """The victim's restoration that further money on hold still joins. The case's row must be locked."""
    row = await connection.fetchrow(
        "SELECT restoration_id, round_no FROM restoration WHERE ack_no = $1 AND state = 'open' AND step = ANY($2)"
        " ORDER BY round_no DESC LIMIT 1",
        ack_no,
        [step.value for step in JOINABLE],
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
    """Open the victim's next round, at the step `collecting`. The case's row must be locked."""
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
        "INSERT INTO restoration_step (restoration_id, step, turn, opened_at, due_at) VALUES ($1, $2, 1, $3, $4)",
        row["restoration_id"],
        Step.COLLECTING.value,
        now,
        # Its clock is the victim's: it starts at the first hold, whenever the engine came to know of it.
        first_held_at + timedelta(seconds=policy.steps[Step.COLLECTING].due_seconds),
    )
    return Opened(restoration_id=row["restoration_id"], round_no=row["round_no"], new=True)


async def is_in_a_round(connection: Connection, case_no: str, hop_no: int) -> bool:
    """Whether an open restoration is about the hop already."""
    known: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM restoration_line l JOIN restoration r USING (restoration_id)"
        " WHERE l.case_no = $1 AND l.hop_no = $2 AND r.state = 'open')",
        case_no,
        hop_no,
    )
    return known


async def add_line(connection: Connection, restoration_id: UUID, case_no: str, hop_no: int, hold_id: UUID) -> None:
    """The restoration is about this hop's money too."""
    await connection.execute(
        "INSERT INTO restoration_line (restoration_id, case_no, hop_no, hold_id) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        restoration_id,
        case_no,
        hop_no,
        hold_id,
    )
