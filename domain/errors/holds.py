"""Business errors about holds."""

from uuid import UUID

from domain.errors import NotFound, NotNow


class HoldNotFound(NotFound):
    hold_id: UUID


class NothingOnHold(NotNow):
    hold_id: UUID


class HolderUnreachable(NotNow):
    hold_id: UUID


class NotSmallHold(NotNow):
    hold_id: UUID


class SmallHoldDecided(NotNow):
    hold_id: UUID
    decided_by: str
    decision: str


class NoReleaseWaits(NotNow):
    brake_id: int


class BrakedReleasesDiffer(NotNow):
    releases: int
    paise: int


class HoldOver(NotNow):
    hold_id: UUID
    status: str
