"""Business errors about orders to banks."""

from datetime import datetime
from uuid import UUID

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow, SameEyes


class OrderNotFound(NotFound):
    code = "order_not_found"
    order_id: UUID


class OrderKindNotFound(NotFound):
    code = "order_kind_not_found"
    order_id: UUID
    kind: str


class OrderOver(NotNow):
    code = "order_over"
    order_id: UUID
    state: str


class NoDocument(NotNow):
    code = "no_document"
    order_id: UUID


class NoReleaseOrder(NotNow):
    code = "no_release_order"
    hold_id: UUID


class NotCancelled(NotNow):
    code = "not_cancelled"
    order_id: UUID
    state: str


class HoldKeptByCourt(NotNow):
    code = "hold_kept_by_court"
    kept_by: str


class AmountNotFree(NotNow):
    code = "amount_not_free"
    wanted_paise: int
    held_paise: int
    ordered_paise: int
    kept_paise: int
    free_paise: int


class NothingFree(NotNow):
    code = "nothing_free"
    held_paise: int
    ordered_paise: int
    kept_paise: int
    free_paise: int


class CancellationNeedsSecondOfficer(SameEyes):
    code = "cancellation_needs_second_officer"
    officer: str


# -- releases that officers propose ------------------------------------------------------------------------------------


class NoReleaseProposed(NotNow):
    code = "no_release_proposed"
    hold_id: UUID


class ReleaseProposed(NotNow):
    code = "release_proposed"
    hold_id: UUID
    proposed_by: str


class ReleaseGrew(NotNow):
    code = "release_grew"
    free_paise: int
    proposed_paise: int


class VictimIsHeard(NotNow):
    code = "victim_is_heard"
    until: datetime


class NotAVictimOfHold(NotNow):
    code = "not_a_victim_of_hold"
    ack_no: str


class TooManyHearings(LimitExceeded):
    code = "too_many_hearings"
    most: int


class HearerProposed(SameEyes):
    code = "hearer_proposed"
    officer: str


class DeciderTold(SameEyes):
    code = "decider_told"
    officer: str


class ReleaseNeedsSecondOfficer(SameEyes):
    code = "release_needs_second_officer"
    officer: str


class OfficerNotOfCase(MayNot):
    code = "officer_not_of_case"
    role: str
