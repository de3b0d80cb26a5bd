"""Business errors about hold requests and contradictions."""

from uuid import UUID

from domain.errors import NotFound, NotNow


class RequestNotFound(NotFound):
    code = "request_not_found"
    request_id: UUID


class AccountNotFound(NotFound):
    code = "account_not_found"


class ContradictionNotFound(NotFound):
    code = "contradiction_not_found"
    contradiction_id: int


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


class ContradictionNotSettled(NotNow):
    code = "contradiction_not_settled"


class SettlementStands(NotNow):
    code = "settlement_stands"
    settlement_no: int


class SettledMoneyMoved(NotNow):
    code = "settled_money_moved"
    settlement_no: int


class SettledMoneyOrdered(NotNow):
    code = "settled_money_ordered"
    hop_no: int
    ordered_paise: int
