"""Letting money on hold go back to the account's holder: the orders that ask the bank for it, up to what is free."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from activities.hands import Hands
from activities.ordering import plan_order
from db import account_holds, hold_clocks, procedures
from db.account_holds import AccountHold
from db.hold_clocks import Free
from db.pool import Connection
from domain.errors import NotNow
from schemas.enums import ProcedureKind
from schemas.orders import LINES_MAX, NewOrder, NewOrderLine
from schemas.restoration_enums import OrderKind, OrderReason

BY_COURT = "court_order "
"""how `account_hold.kept_by` begins where a court keeps the hold"""


async def order_release(
    connection: Connection,
    hands: Hands,
    hold: AccountHold,
    reason: OrderReason,
    lines: Sequence[NewOrderLine],
    by: str,
    at: datetime,
    *,
    grievance_id: UUID | None = None,
) -> None:
    """Order the bank to let these lines go, in as many orders as their length asks for. The case's row is locked."""
    for start in range(0, len(lines), LINES_MAX):
        order = NewOrder(
            kind=OrderKind.RELEASE,
            reason=reason,
            case_no=hold.case_no,
            institution=hold.institution,
            ordered_by=by,
            lines=tuple(lines[start : start + LINES_MAX]),
            grievance_id=grievance_id,
        )
        await plan_order(connection, hands, order, at)


async def let_free_go(
    connection: Connection, hands: Hands, hold: AccountHold, reason: OrderReason, by: str, at: datetime
) -> int:
    """Order everything to be let go that no order asks for; returns how much that is (paise)."""
    free = await hold_clocks.not_ordered(connection, hold.hold_id)
    await order_release(connection, hands, hold, reason, _lines(hold, free), by, at)
    await tell_all(connection, hold, at)
    return sum(one.free_paise for one in free)


async def let_go(
    connection: Connection,
    hands: Hands,
    hold: AccountHold,
    reason: OrderReason,
    wanted_paise: int | None,
    by: str,
    at: datetime,
    *,
    grievance_id: UUID | None = None,
) -> int:
    """Order so much to be let go (None: all that is free), the first transfers first; returns how much (paise).

    Raises `NotNow` with the figures where so much is not free, and where a court keeps the hold.
    """
    if hold.kept_by is not None and hold.kept_by.startswith(BY_COURT):
        raise NotNow(f"{hold.kept_by} keeps the hold: only the court can let it go")
    free = await hold_clocks.not_ordered(connection, hold.hold_id)
    free_paise = sum(one.free_paise for one in free)
    wanted = free_paise if wanted_paise is None else wanted_paise
    if not 0 < wanted <= free_paise:
        held_paise = sum(one.held_paise for one in await account_holds.held(connection, hold.hold_id))
        asked = "nothing" if wanted_paise is None else f"{wanted_paise} paise"
        raise NotNow(
            f"{asked} can be let go of {held_paise} paise on hold: {held_paise - free_paise} are ordered already,"
            f" {free_paise} are free"
        )
    lines = _lines(hold, up_to(free, wanted))
    await order_release(connection, hands, hold, reason, lines, by, at, grievance_id=grievance_id)
    await tell_all(connection, hold, at)
    return wanted


def up_to(free: Sequence[Free], wanted_paise: int) -> list[Free]:
    """The first hops that come to the sum, the last of them in part."""
    taken: list[Free] = []
    for one in free:
        paise = min(one.free_paise, wanted_paise)
        wanted_paise -= paise
        if paise:
            taken.append(one.model_copy(update={"free_paise": paise}))
    return taken


def _lines(hold: AccountHold, free: Sequence[Free]) -> list[NewOrderLine]:
    return [NewOrderLine(hop_no=one.hop_no, hold_id=hold.hold_id, amount_paise=one.free_paise) for one in free]


async def tell_all(connection: Connection, hold: AccountHold, at: datetime) -> None:
    """Have the hold's clocks, and the restorations of its money, look again."""
    await procedures.tell(connection, ProcedureKind.HOLD, str(hold.hold_id), at)
    for restoration_id in await hold_clocks.restorations_of(connection, hold.hold_id):
        await procedures.tell(connection, ProcedureKind.RESTORATION, str(restoration_id), at)
