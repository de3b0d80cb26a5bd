"""How victims can be reached without danger, as their complaints tell it. This room cannot open who told it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.privacy.person_keys import PersonKey, key
from db.rows import Rows
from schemas.base import FrozenModel, UtcDatetime
from schemas.privacy.personal_data import Reach, ReachWay


class StoredReach(FrozenModel):
    """How a victim can be reached, with the sealed person who complained for the victim."""

    reach_no: int
    way: ReachWay
    from_hour: int | None
    to_hour: int | None
    is_quiet: bool
    wants_woman_officer: bool
    key: PersonKey | None
    sealed: str | None
    told_at: UtcDatetime

    @property
    def reach(self) -> Reach:
        """Return the part that is not sealed."""
        return Reach.model_validate(self.model_dump(include={*Reach.model_fields}))


_NEWEST: Final = f"""
SELECT r.reach_no, r.way, r.from_hour, r.to_hour, r.is_quiet, r.wants_woman_officer,
    {key("r.person_id")} AS key, encode(r.sealed, 'hex') AS sealed, r.told_at
FROM complaint_reach r WHERE r.ack_no = $1 ORDER BY r.reach_no DESC LIMIT 1
"""


async def newest(connection: Connection, ack_no: str) -> StoredReach | None:
    """Return the newest statement of a complaint, or None if it makes none."""
    return await Rows(connection, StoredReach).first(_NEWEST, ack_no)


async def add(
    connection: Connection,
    ack_no: str,
    reach_no: int,
    reach: Reach,
    person_id: UUID | None,
    sealed: bytes | None,
    at: datetime,
    by: str,
) -> None:
    """Write how a victim can be reached, beside what was told before."""
    await connection.execute(
        "INSERT INTO complaint_reach (ack_no, reach_no, way, from_hour, to_hour, is_quiet, wants_woman_officer,"
        " person_id, sealed, told_at, told_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        ack_no,
        reach_no,
        reach.way.value,
        reach.from_hour,
        reach.to_hour,
        reach.is_quiet,
        reach.wants_woman_officer,
        person_id,
        sealed,
        at,
        by,
    )
