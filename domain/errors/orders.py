"""Business errors about orders to banks."""

from datetime import datetime
from uuid import UUID

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow, SameEyes


class OrderNotFound(NotFound):
    order_id: UUID


class OrderKindNotFound(NotFound):
    order_id: UUID
    kind: str


class OrderOver(NotNow):
    order_id: UUID
    state: str


class NoDocument(NotNow):
    order_id: UUID


class NoReleaseOrder(NotNow):
    hold_id: UUID


class NotCancelled(NotNow):
    order_id: UUID
    state: str


class HoldKeptByCourt(NotNow):
    kept_by: str


class AmountNotFree(NotNow):
    wanted_paise: int
    held_paise: int
    ordered_paise: int
    kept_paise: int
    free_paise: int


class NothingFree(NotNow):
    held_paise: int
    ordered_paise: int
    kept_paise: int
    free_paise: int


class CancellationNeedsSecondOfficer(SameEyes):
    officer: str


# -- releases that officers propose ------------------------------------------------------------------------------------


class NoReleaseProposed(NotNow):
    hold_id: UUID


class ReleaseProposed(NotNow):
    hold_id: UUID
    proposed_by: str


class ReleaseGrew(NotNow):
    free_paise: int
    proposed_paise: int


class VictimIsHeard(NotNow):
    until: datetime


class NotAVictimOfHold(NotNow):
    code = "not_a_victim_of_hold"
    ack_no: str


class TooManyHearings(LimitExceeded):
    most: int


class HearerProposed(SameEyes):
    officer: str


class DeciderTold(SameEyes):
    officer: str


class ReleaseNeedsSecondOfficer(SameEyes):
    officer: str


class OfficerNotOfCase(MayNot):
    role: str
