"""Business errors about hold requests and discrepancies."""

from datetime import datetime
from uuid import UUID

from domain.errors import NotFound, NotNow


class RequestNotFound(NotFound):
    request_id: UUID


class AccountNotFound(NotFound):
    pass


class PayerInquiryNotFound(NotFound):
    inquiry_id: UUID


class PayerInquiryReplaced(NotNow):
    inquiry_id: UUID


class FoundTransferNotFound(NotFound):
    found_id: int


class FoundTransferDecided(NotNow):
    found_id: int


class FoundTransferFollowed(NotNow):
    found_id: int
    hop_no: int


class DiscrepancyNotFound(NotFound):
    discrepancy_id: int


class RequestNotLive(NotNow):
    state: str


class RequestNotRepeatable(NotNow):
    state: str


class RequestAnswered(NotNow):
    pass


class RequestBeingSent(NotNow):
    pass


class RequestWithSupervisor(NotNow):
    pass


class ToldBeforeRequest(NotNow):
    requested_at: datetime


class CallBackTooFar(NotNow):
    latest_at: datetime


class DiscrepancyNotResolved(NotNow):
    pass


class ResolutionStands(NotNow):
    resolution_no: int


class ResolvedMoneyMoved(NotNow):
    resolution_no: int


class ResolvedMoneyOrdered(NotNow):
    hop_no: int
    ordered_paise: int
