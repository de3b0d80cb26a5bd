"""Business errors about orders of courts."""

from datetime import date

from domain.errors import NotFound, NotNow, RefusedPart, SameEyes


class CourtOrderNotFound(NotFound):
    court_order_id: int


class CourtOrderDocumentNotFound(NotFound):
    court_order_id: int


class CourtOrderPartsRefused(NotNow):
    refused: tuple[RefusedPart, ...]


class CourtOrderWithdrawn(NotNow):
    court_order_id: int


class CourtOrderHasDocument(NotNow):
    court_order_id: int


class CourtOrderLacksDocument(NotNow):
    court_order_id: int


class CourtOrderNeedsSecondOfficer(SameEyes):
    officer: str


class CourtOrderWithdrawalNotAsked(NotNow):
    court_order_id: int


class CourtOrderWithdrawalNeedsSecondOfficer(SameEyes):
    officer: str


class CourtOrderCarriedOut(NotNow):
    court_order_id: int


class CourtOrderDiffers(NotNow):
    court_order_id: int


class NothingOnHoldForCourtOrder(NotNow):
    pass


class CourtOrderAboveHold(NotNow):
    amount_paise: int
    held_paise: int


class CourtOrderAboveFree(NotNow):
    wanted_paise: int
    free_paise: int


class CourtOrderSuperseded(NotNow):
    court_order_id: int


class CourtOrderUsedUp(NotNow):
    court_order_id: int


class CourtOrderOver(NotNow):
    ends_on: date


class CourtHearingNotExpected(NotNow):
    restoration_id: str


class CourtHearingChanged(NotNow):
    pass


class CourtHearingDayRefused(NotNow):
    held_on: date
    days_ahead: int
