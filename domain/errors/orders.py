"""Business errors about orders to banks."""

from uuid import UUID

from domain.errors import NotFound, NotNow


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
