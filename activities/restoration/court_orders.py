"""Orders of courts: recorded with their effects in one transaction, and withdrawn while no bank acts on them.

One officer alone cannot cause a release. A second officer, who has the document, confirms an order to release.
"""

import hashlib
from collections.abc import Sequence
from itertools import groupby
from typing import Final
from uuid import UUID

from activities.cases.transaction import CaseTransaction, case_transaction, lock_cases
from activities.context import Context
from activities.orders.orders import plan_order
from activities.orders.unassigned_holds import ask_about_retained_holds
from db.banks import institutions
from db.cases.cases import case_no_of
from db.cases.events import Event
from db.holds import account_holds
from db.police import firs
from db.restoration import court_orders
from db.restoration.court_orders import Releasable
from domain.errors import NotFound, NotNow, RefusedPart
from domain.errors.banks import InstitutionNotFound
from domain.errors.court_orders import (
    CourtOrderAboveFree,
    CourtOrderAboveHold,
    CourtOrderCarriedOut,
    CourtOrderDiffers,
    CourtOrderHasDocument,
    CourtOrderLacksDocument,
    CourtOrderNeedsNoConfirmation,
    CourtOrderNeedsSecondOfficer,
    CourtOrderPartsRefused,
    CourtOrderWithdrawn,
    NothingOnHoldForCourtOrder,
)
from domain.errors.police import TimeInFuture
from domain.officers import same_person
from domain.restoration.procedure import LEADS_TO
from schemas.enums import EventKind, ProcedureKind, TaskKind
from schemas.identifiers import account_key
from schemas.orders.orders import LINES_MAX, NewOrder, NewOrderLine
from schemas.police import CourtOrder, CourtOrderCopy, CourtOrderHead, NewCourtOrder, WideCourtOrder
from schemas.restoration_enums import CourtOrderEffect, OrderKind, OrderReason
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about
from schemas.text import IST

_RETAINS: Final = frozenset({CourtOrderEffect.KEEP_HOLD, CourtOrderEffect.RESTORE})
"""effects under which a hold does not lapse, because an order exists"""
_DEPEND_ON_ORDERS: Final = (ProcedureKind.RESTORATION, ProcedureKind.HOLD, ProcedureKind.GRIEVANCE)


async def take_court_order(ctx: Context, ack_no: str, new: NewCourtOrder, by: str) -> CourtOrder:
    """Record an order with its immediate effects. The same order for the same account again changes nothing.

    `keep_hold` and `restore` retain the holds. `release` waits for a second officer. The workflows of the case are
    notified. Raises `NotFound`. Raises `NotNow` for a future date, an amount above the held money, or the number of an
    order with other contents.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        return await _take(work, new)


async def take_wide_order(ctx: Context, wide: WideCourtOrder, by: str) -> list[CourtOrder]:
    """Record one order for all accounts and cases that it names, or for none of them.

    Raises `NotFound` for an unknown case. Raises `NotNow` with every refused place and its reason.
    """
    head = {name: getattr(wide, name) for name in CourtOrderHead.model_fields if name != "document"}
    async with ctx.pool.acquire() as connection, connection.transaction():
        numbers = {one.ack_no: await case_no_of(connection, one.ack_no) for one in wide.about}
        locked = await lock_cases(ctx, connection, set(numbers.values()), by)
        taken, refused = [], []
        for place, one in enumerate(wide.about):
            particulars = head | one.model_dump(exclude={"ack_no"})
            new = NewCourtOrder.model_construct(**particulars, document=wide.document)
            try:
                taken.append(await _take(locked[numbers[one.ack_no]], new))
            except (NotFound, NotNow) as why:
                refused.append(RefusedPart(f"about[{place}]", one.ack_no, why))
        if refused:
            raise CourtOrderPartsRefused(tuple(refused))
    return taken


async def _take(work: CaseTransaction, new: NewCourtOrder) -> CourtOrder:
    connection, case_no, now = work.connection, work.case_no, work.now
    account = account_key(new.account) if new.account else None
    standing = await court_orders.standing(connection, case_no, new)
    for known in standing:
        if (known.institution, known.account_key) == (new.institution, account):
            return await _repeated(work, known, new)
    _refuse_contrary(standing, new, account)
    await _refuse_impossible(work, new, account)
    order = await court_orders.insert(connection, case_no, new, account, work.actor, now)
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
    if order.effect in _RETAINS:
        log += _retained_events(
            order.court_order_id, await court_orders.keep_holds(connection, case_no, order), retained=True
        )
    await work.log_all(log)
    if order.effect is CourtOrderEffect.RELEASE:
        cause, subject = TaskCause.COURT_ORDER_TO_CONFIRM, _subject(order.court_order_id)
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject))
    if order.effect is CourtOrderEffect.RESTORE and order.kind in LEADS_TO:
        # Money that a court orders to restore joins a round, even if it was excluded before.
        about = (order.institution, account) if order.institution and account else None
        await account_holds.mark_to_open_again(connection, case_no, now, account=about, anew=True)
    await ask_about_retained_holds(connection, case_no, now)
    await firs.notify_procedures(connection, case_no, _DEPEND_ON_ORDERS, now)
    return order


def _subject(court_order_id: int) -> Subject:
    return about(TaskSubject.COURT_ORDER, court_order_id)


async def put_order_copy(ctx: Context, ack_no: str, court_order_id: int, copy: CourtOrderCopy, by: str) -> CourtOrder:
    """Store the copy of an order. The same copy again changes nothing.

    Raises `NotFound`. Raises `NotNow` if the order has another copy.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        order = await court_orders.get(work.connection, work.case_no, court_order_id)
        if order.withdrawn_at is not None:
            raise CourtOrderWithdrawn(order.court_order_id)
        return await _with_document(work, order, copy.document)


async def _with_document(work: CaseTransaction, order: CourtOrder, document: bytes) -> CourtOrder:
    digest = hashlib.sha256(document).hexdigest()
    if order.document_digest == digest:
        return order
    if order.document_digest is not None:
        raise CourtOrderHasDocument(order.court_order_id)
    await court_orders.put_document(work.connection, order.court_order_id, document)
    await work.log(EventKind.COURT_ORDER_COPIED, court_order_id=order.court_order_id, document_digest=digest)
    return await court_orders.get(work.connection, work.case_no, order.court_order_id)


async def confirm_court_order(ctx: Context, ack_no: str, court_order_id: int, reason: str, by: str) -> CourtOrder:
    """Confirm an order to release as the second officer, and order the banks to release.

    A repeated confirmation changes nothing. Raises `NotFound`, and `SameEyes` for the officer who recorded the order.
    Raises `NotNow` for another effect, a missing document, or more than can be released.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        connection, case_no = work.connection, work.case_no
        order = await court_orders.get(connection, case_no, court_order_id)
        if order.confirmed_at is not None:
            return order
        _refuse_confirming(order, by)
        await court_orders.confirm(connection, court_order_id, by, work.now)
        data = {"court_order_id": court_order_id, "document_digest": order.document_digest, "reason": reason}
        await work.log(EventKind.COURT_ORDER_CONFIRMED, **data)
        if not await court_orders.anything_ordered(connection, case_no, order):
            await _release(work, order)
        await _close_task(work, court_order_id, "it is confirmed")
        await firs.notify_procedures(connection, case_no, _DEPEND_ON_ORDERS, work.now)
        return await court_orders.get(connection, case_no, court_order_id)


def _refuse_confirming(order: CourtOrder, by: str) -> None:
    if order.withdrawn_at is not None:
        raise CourtOrderWithdrawn(order.court_order_id)
    if order.effect is not CourtOrderEffect.RELEASE:
        raise CourtOrderNeedsNoConfirmation(order.effect)
    if same_person(order.taken_by, by):
        raise CourtOrderNeedsSecondOfficer(by)
    if order.document_digest is None:
        raise CourtOrderLacksDocument(order.court_order_id)


async def _close_task(work: CaseTransaction, court_order_id: int, why: str) -> None:
    await work.close_tasks(_subject(court_order_id), [TaskCause.COURT_ORDER_TO_CONFIRM], why)


async def withdraw_court_order(ctx: Context, ack_no: str, court_order_id: int, reason: str, by: str) -> CourtOrder:
    """Withdraw an order that was recorded by mistake.

    Raises `NotFound`. Raises `NotNow` if an order to a bank was made under it.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        connection, case_no, now = work.connection, work.case_no, work.now
        order = await court_orders.get(connection, case_no, court_order_id)
        if order.withdrawn_at is not None:
            return order
        if await court_orders.anything_ordered(connection, case_no, order):
            raise CourtOrderCarriedOut(court_order_id)
        await court_orders.withdraw(connection, court_order_id, by, reason, now)
        freed = await court_orders.let_holds_go(connection, case_no, court_order_id)
        await account_holds.warn_anew(connection, [UUID(hold_id) for hold_id in freed], now)
        await ask_about_retained_holds(connection, case_no, now)
        data = {"court_order_id": court_order_id, "effect": order.effect.value, "reason": reason}
        log = [Event(EventKind.COURT_ORDER_WITHDRAWN, data), *_retained_events(court_order_id, freed, retained=False)]
        await _close_task(work, court_order_id, "it is withdrawn")
        await work.log_all(log)
        await firs.notify_procedures(connection, case_no, _DEPEND_ON_ORDERS, now)
        return await court_orders.get(connection, case_no, court_order_id)


async def _repeated(work: CaseTransaction, known: CourtOrder, new: NewCourtOrder) -> CourtOrder:
    if (known.kind, known.made_on, known.amount_paise) != (new.kind, new.made_on, new.amount_paise):
        raise CourtOrderDiffers(known.court_order_id)
    return await _with_document(work, known, new.document) if new.document else known


def _refuse_contrary(standing: Sequence[CourtOrder], new: NewCourtOrder, account: str | None) -> None:
    """Refuse an order that contradicts its earlier rows.

    All rows of one order have the same law and date. They name either single accounts or all accounts.
    """
    for known in standing:
        about_all = account is None or known.account_key is None
        if about_all or (known.kind, known.made_on) != (new.kind, new.made_on):
            raise CourtOrderDiffers(known.court_order_id)


async def _refuse_impossible(work: CaseTransaction, new: NewCourtOrder, account: str | None) -> None:
    if new.made_on > work.now.astimezone(IST).date():
        raise TimeInFuture("made_on")
    if new.institution is not None and not await institutions.known_codes(work.connection, [new.institution]):
        raise InstitutionNotFound(new.institution)
    if new.effect is CourtOrderEffect.REFUSE:
        return
    held_paise = await court_orders.held(work.connection, work.case_no, new.institution, account)
    if held_paise == 0:
        raise NothingOnHoldForCourtOrder
    if new.amount_paise is not None and new.amount_paise > held_paise:
        raise CourtOrderAboveHold(new.amount_paise, held_paise)


def _retained_events(court_order_id: int, hold_ids: Sequence[str], *, retained: bool) -> list[Event]:
    return [
        Event(EventKind.HOLD_KEPT, {"hold_id": hold_id, "court_order_id": court_order_id, "kept": retained})
        for hold_id in hold_ids
    ]


async def _release(work: CaseTransaction, order: CourtOrder) -> None:
    """Order each bank to release what the court names. A sum is taken from the earliest hops first."""
    found = await court_orders.releasable(work.connection, work.case_no, order)
    wanted = order.amount_paise or sum(hop.paise for hop in found)
    lines = _first_hops_for(found, wanted)
    if not lines or sum(line.paise for line in lines) < wanted:
        raise CourtOrderAboveFree(wanted, sum(hop.paise for hop in found))
    for institution, hops in groupby(lines, key=lambda line: line.institution):
        of_bank = [NewOrderLine(hop_no=hop.hop_no, hold_id=hop.hold_id, amount_paise=hop.paise) for hop in hops]
        for start in range(0, len(of_bank), LINES_MAX):
            asked = NewOrder(
                kind=OrderKind.RELEASE,
                reason=OrderReason.COURT,
                case_no=work.case_no,
                institution=institution,
                ordered_by=work.actor,
                lines=tuple(of_bank[start : start + LINES_MAX]),
                court_order_id=order.court_order_id,
            )
            await plan_order(work, asked)


def _first_hops_for(found: Sequence[Releasable], wanted_paise: int) -> list[Releasable]:
    """Return the first hops that make up the sum, the last of them in part."""
    taken: list[Releasable] = []
    left = wanted_paise
    for hop in found:
        paise = min(hop.paise, left)
        if paise > 0:
            taken.append(hop.model_copy(update={"paise": paise}))
        left -= paise
    return taken
