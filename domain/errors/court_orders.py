"""Business errors about orders of courts."""

from datetime import date

from domain.errors import NotFound, NotNow, RefusedPart, SameEyes


class CourtOrderNotFound(NotFound):
    code = "court_order_not_found"
    court_order_id: int


class CourtOrderDocumentNotFound(NotFound):
    code = "court_order_document_not_found"
    court_order_id: int


class CourtOrderPartsRefused(NotNow):
    code = "court_order_parts_refused"
    refused: tuple[RefusedPart, ...]


class CourtOrderWithdrawn(NotNow):
    code = "court_order_withdrawn"
    court_order_id: int


class CourtOrderHasDocument(NotNow):
    code = "court_order_has_document"
    court_order_id: int


class CourtOrderLacksDocument(NotNow):
    code = "court_order_lacks_document"
    court_order_id: int


class CourtOrderNeedsSecondOfficer(SameEyes):
    code = "court_order_needs_second_officer"
    officer: str


class CourtOrderWithdrawalNotAsked(NotNow):
    code = "court_order_withdrawal_not_asked"
    court_order_id: int


class CourtOrderWithdrawalNeedsSecondOfficer(SameEyes):
    code = "court_order_withdrawal_needs_second_officer"
    officer: str


class CourtOrderCarriedOut(NotNow):
    code = "court_order_carried_out"
    court_order_id: int


class CourtOrderDiffers(NotNow):
    code = "court_order_differs"
    court_order_id: int


class NothingOnHoldForCourtOrder(NotNow):
    code = "nothing_on_hold_for_court_order"


class CourtOrderAboveHold(NotNow):
    code = "court_order_above_hold"
    amount_paise: int
    held_paise: int


class CourtOrderAboveFree(NotNow):
    code = "court_order_above_free"
    wanted_paise: int
    free_paise: int


class CourtOrderSuperseded(NotNow):
    code = "court_order_superseded"
    court_order_id: int


class CourtOrderUsedUp(NotNow):
    code = "court_order_used_up"
    court_order_id: int


class CourtOrderOver(NotNow):
    code = "court_order_over"
    ends_on: date


class CourtHearingNotExpected(NotNow):
    code = "court_hearing_not_expected"
    restoration_id: str


class CourtHearingChanged(NotNow):
    code = "court_hearing_changed"


class CourtHearingDayRefused(NotNow):
    code = "court_hearing_day_refused"
    held_on: date
    days_ahead: int
