"""Business errors about holds."""

from uuid import UUID

from domain.errors import NotFound, NotNow


class HoldNotFound(NotFound):
    code = "hold_not_found"
    hold_id: UUID


class NothingOnHold(NotNow):
    code = "nothing_on_hold"
    hold_id: UUID


class HolderUnreachable(NotNow):
    code = "holder_unreachable"
    hold_id: UUID


class NotSmallHold(NotNow):
    code = "not_small_hold"
    hold_id: UUID


class SmallHoldDecided(NotNow):
    code = "small_hold_decided"
    hold_id: UUID
    decided_by: str
    decision: str


class NoReleaseWaits(NotNow):
    code = "no_release_waits"
    brake_id: int


class BrakedReleasesDiffer(NotNow):
    code = "braked_releases_differ"
    releases: int
    paise: int


class HoldOver(NotNow):
    code = "hold_over"
    hold_id: UUID
    status: str
