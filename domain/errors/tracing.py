"""Business errors about hold requests and discrepancies."""

from datetime import datetime
from uuid import UUID

from domain.errors import NotFound, NotNow


class RequestNotFound(NotFound):
    code = "request_not_found"
    request_id: UUID


class AccountNotFound(NotFound):
    code = "account_not_found"


class PayerInquiryNotFound(NotFound):
    code = "payer_inquiry_not_found"
    inquiry_id: UUID


class PayerInquiryReplaced(NotNow):
    code = "payer_inquiry_replaced"
    inquiry_id: UUID


class FoundTransferNotFound(NotFound):
    code = "found_transfer_not_found"
    found_id: int


class FoundTransferDecided(NotNow):
    code = "found_transfer_decided"
    found_id: int


class FoundTransferFollowed(NotNow):
    code = "found_transfer_followed"
    found_id: int
    hop_no: int


class DiscrepancyNotFound(NotFound):
    code = "discrepancy_not_found"
    discrepancy_id: int


class RequestNotLive(NotNow):
    code = "request_not_live"
    state: str


class RequestNotRepeatable(NotNow):
    code = "request_not_repeatable"
    state: str


class RequestAnswered(NotNow):
    code = "request_answered"


class RequestBeingSent(NotNow):
    code = "request_being_sent"


class RequestWithSupervisor(NotNow):
    code = "request_with_supervisor"


class ToldBeforeRequest(NotNow):
    code = "told_before_request"
    requested_at: datetime


class CallBackTooFar(NotNow):
    code = "call_back_too_far"
    latest_at: datetime


class DiscrepancyNotResolved(NotNow):
    code = "discrepancy_not_resolved"


class ResolutionStands(NotNow):
    code = "resolution_stands"
    resolution_no: int


class ResolvedMoneyMoved(NotNow):
    code = "resolved_money_moved"
    resolution_no: int


class ResolvedMoneyOrdered(NotNow):
    code = "resolved_money_ordered"
    hop_no: int
    ordered_paise: int
