"""Orders of courts: taken in with what follows from them, in one transaction; withdrawn while no bank goes by them."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from activities.hands import Hands
from activities.kept_holds import ask_about_kept
from activities.ordering import plan_order
from db import account_holds, cases, court_orders, events, institutions, police
from db.court_orders import Releasable
from db.events import Event
from db.pool import Connection
from domain.errors import NotFound, NotNow
from domain.restoring import LEADS_TO
from schemas.complaints import IST
from schemas.enums import EventKind, ProcedureKind
from schemas.identifiers import account_key
from schemas.orders import LINES_MAX, NewOrder, NewOrderLine
from schemas.police import CourtOrder, NewCourtOrder
from schemas.restoration_enums import CourtOrderEffect, OrderKind, OrderReason

_KEEPS: Final = frozenset({CourtOrderEffect.KEEP_HOLD, CourtOrderEffect.RESTORE})
"""effects under which a hold does not lapse: an order exists"""
_GO_BY_ORDERS: Final = (ProcedureKind.RESTORATION, ProcedureKind.HOLD, ProcedureKind.GRIEVANCE)


async def take_court_order(hands: Hands, ack_no: str, new: NewCourtOrder, by: str) -> CourtOrder:
    """Take an order in, with what follows from it at once; the same order twice is one.

    `keep_hold` and `restore` keep the holds from lapsing, `release` orders the banks to let go, and the case's
    procedures look again. Raises `NotFound`, and `NotNow` for a date to come, an amount above what is on hold, or the
    number of an order that says otherwise.
    """
    now = hands.now()
    account = account_key(new.account) if new.account else None
    async with hands.pool.acquire() as connection, connection.transaction():
        case_no = (await cases.lock(connection, ack_no)).case_no
        known = await court_orders.standing(connection, case_no, new)
        if known is not None:
            return _the_same(known, new, account)
        await _refuse_what_cannot_be(connection, case_no, new, account, now)
        order = await court_orders.insert(connection, case_no, new, account, by, now)
        data = {
            "court_order_id": order.court_order_id,
            "kind": order.kind.value,
            "effect": order.effect.value,
            "made_on": order.made_on.isoformat(),
            "amount_paise": order.amount_paise,
            "institution": order.institution,
            "document_digest": order.document_digest,
        }
        log = [Event(EventKind.COURT_ORDER_TAKEN, data)]
        if order.effect in _KEEPS:
            log += _kept(order.court_order_id, await court_orders.keep_holds(connection, case_no, order), kept=True)
        await events.append(connection, case_no, now, by, log)
        if order.effect is CourtOrderEffect.RELEASE:
            await _release(connection, hands, case_no, order, by, now)
        if order.effect is CourtOrderEffect.RESTORE and order.kind in LEADS_TO:
            # Whatever became of it before: what a court orders home is in a round.
            about = (order.institution, account) if order.institution and account else None
            await account_holds.take_up_again(connection, case_no, account=about, anew=True)
        await ask_about_kept(connection, case_no, now)
        await police.tell_procedures(connection, case_no, _GO_BY_ORDERS, now)
        return order


async def withdraw_court_order(hands: Hands, ack_no: str, court_order_id: int, reason: str, by: str) -> CourtOrder:
    """It was taken in by mistake. Raises `NotFound`, and `NotNow` once a bank was ordered anything under it."""
    now = hands.now()
    async with hands.pool.acquire() as connection, connection.transaction():
        case_no = (await cases.lock(connection, ack_no)).case_no
        order = await court_orders.get(connection, case_no, court_order_id)
        if order.withdrawn_at is not None:
            return order
        if await court_orders.anything_ordered(connection, case_no, order):
            raise NotNow("a bank was ordered something under it")
        await court_orders.withdraw(connection, court_order_id, by, reason, now)
        freed = await court_orders.let_holds_go(connection, case_no, court_order_id)
        await account_holds.warn_anew(connection, [UUID(hold_id) for hold_id in freed], now)
        await ask_about_kept(connection, case_no, now)
        data = {"court_order_id": court_order_id, "effect": order.effect.value, "reason": reason}
        log = [Event(EventKind.COURT_ORDER_WITHDRAWN, data), *_kept(court_order_id, freed, kept=False)]
        await events.append(connection, case_no, now, by, log)
        await police.tell_procedures(connection, case_no, _GO_BY_ORDERS, now)
        return await court_orders.get(connection, case_no, court_order_id)


def _the_same(known: CourtOrder, new: NewCourtOrder, account: str | None) -> CourtOrder:
    said = (known.kind, known.made_on, known.amount_paise, known.institution, known.account_key)
    if said != (new.kind, new.made_on, new.amount_paise, new.institution, account):
        raise NotNow(f"court order {known.court_order_id} has this number and says otherwise: withdraw it first")
    return known


async def _refuse_what_cannot_be(
    connection: Connection, case_no: str, new: NewCourtOrder, account: str | None, now: datetime
) -> None:
    if new.made_on > now.astimezone(IST).date():
        raise NotNow("made_on is in the future")
    if new.institution is not None and not await institutions.known_codes(connection, [new.institution]):
        raise NotFound(f"institution {new.institution}")
    if new.effect is CourtOrderEffect.REFUSE:
        return
    held_paise = await court_orders.held(connection, case_no, new.institution, account)
    if held_paise == 0:
        raise NotNow("nothing is on hold there")
    if new.amount_paise is not None and new.amount_paise > held_paise:
        raise NotNow(f"amount_paise is above what is on hold there: {held_paise}")


def _kept(court_order_id: int, hold_ids: Sequence[str], *, kept: bool) -> list[Event]:
    return [
        Event(EventKind.HOLD_KEPT, {"hold_id": hold_id, "court_order_id": court_order_id, "kept": kept})
        for hold_id in hold_ids
    ]


async def _release(
    connection: Connection, hands: Hands, case_no: str, order: CourtOrder, by: str, now: datetime
) -> None:
    """Order the banks to let go what the court names, one order a bank; from the first hop on where it names a sum."""
    found = await court_orders.releasable(connection, case_no, order)
    wanted = order.amount_paise or sum(hop.paise for hop in found)
    lines = _up_to(found, wanted)
    if not lines or sum(line.paise for line in lines) < wanted:
        raise NotNow(f"only {sum(hop.paise for hop in found)} paise can be let go: the rest is under other orders")
    for institution, hops in groupby(lines, key=lambda line: line.institution):
        of_bank = [NewOrderLine(hop_no=hop.hop_no, hold_id=hop.hold_id, amount_paise=hop.paise) for hop in hops]
        for start in range(0, len(of_bank), LINES_MAX):
            asked = NewOrder(
                kind=OrderKind.RELEASE,
                reason=OrderReason.COURT,
                case_no=case_no,
                institution=institution,
                ordered_by=by,
                lines=tuple(of_bank[start : start + LINES_MAX]),
                court_order_id=order.court_order_id,
            )
            await plan_order(connection, hands, asked, now)


def _up_to(found: Sequence[Releasable], wanted_paise: int) -> list[Releasable]:
    """The first hops that come to the sum, the last of them in part."""
    taken: list[Releasable] = []
    left = wanted_paise
    for hop in found:
        paise = min(hop.paise, left)
        if paise > 0:
            taken.append(hop.model_copy(update={"paise": paise}))
        left -= paise
    return taken
