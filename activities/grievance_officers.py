"""Who decides on appeals above the officers of a case: named by district, told at once of what waits for them."""

from uuid import UUID

from activities.context import Hands
from activities.grievances.decisions import locked
from activities.notifications import grievance_messages
from db.grievances import grievance_officers, grievances
from schemas.grievances.officers import GrievanceOfficer, NewGrievanceOfficer
from schemas.restoration_enums import GrievanceLevel, GrievanceState


async def name_officer(hands: Hands, new: NewGrievanceOfficer, by: str) -> GrievanceOfficer:
    """Write who decides there from now on, and tell them of every appeal that waits for them."""
    async with hands.pool.acquire() as connection, connection.transaction():
        named = await grievance_officers.put(connection, new, by, hands.now())
        waiting = await grievance_officers.waiting_for(connection, named.level, named.district)
    for grievance_id in waiting:
        await _tell(hands, grievance_id, named.level, by)
    return named


async def _tell(hands: Hands, grievance_id: UUID, level: GrievanceLevel, by: str) -> None:
    now = hands.now()
    async with hands.pool.acquire() as connection, connection.transaction():
        work = await locked(connection, hands, grievance_id, now, by)
        due_at = await grievances.open_due_at(connection, grievance_id)
        if work.row.state is GrievanceState.OPEN and work.row.level is level and due_at is not None:
            await grievance_messages.your_turn(connection, hands, work.row, due_at, now)
