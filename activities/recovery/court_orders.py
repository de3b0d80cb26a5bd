"""Orders of courts: recorded by one officer, confirmed by a second who has the document, and withdrawn by two.

An order that keeps or restores money keeps the holds at once, so that nothing lapses meanwhile. Everything else waits
for the second officer. `hearings` ends an order whose document or second officer does not come in time.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from activities.banks.bodies import stored_sealer
from activities.case.transaction import CaseTransaction, case_transaction, lock_cases
from activities.context import Context
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from activities.recovery.orders import plan_order
from activities.recovery.unassigned_holds import ask_about_retained_holds
from db.banks import institutions
from db.case import case_outbox
from db.case.cases import case_no_of
from db.case.events import Event
from db.privacy.body_keys import COURT_ORDER, SealedDocument
from db.recovery import account_holds, court_orders
from db.recovery.court_orders import Releasable
from domain.errors import NotFound, NotNow, RefusedPart
from domain.errors.banks import InstitutionNotFound
from domain.errors.restoration import (
    CourtOrderAboveFree,
    CourtOrderAboveHold,
    CourtOrderCarriedOut,
    CourtOrderDiffers,
    CourtOrderHasDocument,
    CourtOrderLacksDocument,
    CourtOrderNeedsSecondOfficer,
    CourtOrderOver,
    CourtOrderPartsRefused,
    CourtOrderWithdrawalNeedsSecondOfficer,
    CourtOrderWithdrawalNotAsked,
    CourtOrderWithdrawn,
    NothingOnHoldForCourtOrder,
    TimeInFuture,
)
from domain.message_rules import NotificationEvent
from domain.recovery.officer_steps import counts_until
from domain.recovery.procedure import LEADS_TO
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_key, is_same_person
from schemas.notifications import COURT_MAX_CHARS, MessageFacts
from schemas.recovery.court_orders import CourtOrder, CourtOrderCopy, CourtOrderHead, NewCourtOrder, WideCourtOrder
from schemas.recovery.orders import LINES_MAX, NewOrder, NewOrderLine
from schemas.restoration_enums import CourtOrderEffect, OrderKind, OrderReason
from schemas.tasks import NewTask, Subject, TaskCause, TaskFacts, TaskSubject, about
from schemas.text import IST

_RETAINS: Final = frozenset({CourtOrderEffect.KEEP_HOLD, CourtOrderEffect.RESTORE})
"""effects under which a hold does not lapse, because an order exists"""
DEPEND_ON_ORDERS: Final = (ProcedureKind.RESTORATION, ProcedureKind.HOLD, ProcedureKind.GRIEVANCE)
ORDER_NO_SHOWN: Final = 24
"""characters of the number of an order in a message to an account holder"""
TO_COME: Final = (TaskCause.COURT_ORDER_TO_CONFIRM, TaskCause.COURT_ORDER_LACKS_DOCUMENT)
"""causes of tasks in which a person brings what the order lacks"""
OVER_WITH_IT: Final = (*TO_COME, TaskCause.COURT_ORDER_ENDS, TaskCause.COURT_ORDER_WITHDRAWAL_TO_CONFIRM)
"""causes of tasks that close with the end of the order"""


async def take_court_order(ctx: Context, ack_no: str, new: NewCourtOrder, by: str) -> CourtOrder:
    """Record an order, which waits for a second officer. The same order for the same account again changes nothing.

    `keep_hold` and `restore` retain the holds meanwhile, but not after an earlier one of the same officer that was not
    confirmed: then they wait too. The workflows of the case are notified. Raises `NotFound`.
    Raises `NotNow` for a date in the future or an end in the past, an amount above the held money, or the number of an
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
        numbers = {part.ack_no: await case_no_of(connection, part.ack_no) for part in wide.about}
        locked = await lock_cases(ctx, connection, set(numbers.values()), by)
        taken, refused = [], []
        for place, part in enumerate(wide.about):
            particulars = head | part.model_dump(exclude={"ack_no"})
            new = NewCourtOrder.model_construct(**particulars, document=wide.document)
            try:
                taken.append(await _take(locked[numbers[part.ack_no]], new))
            except (NotFound, NotNow) as why:
                refused.append(RefusedPart(f"about[{place}]", part.ack_no, why))
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
    rules = work.ctx.policy.court_orders
    waits = rules.without_document_seconds if new.document is None else rules.confirm_within_seconds
    until = now + timedelta(seconds=waits / work.ctx.procedure_clock_factor)
    document = await _sealed(work, new.document) if new.document else None
    order = await court_orders.insert(connection, case_no, new, account, document, until, work.actor, now)
    data = {
        "court_order_id": order.court_order_id,
        "kind": order.kind.value,
        "effect": order.effect.value,
        "made_on": order.made_on.isoformat(),
        "amount_paise": order.amount_paise,
        "institution": order.institution,
        "document_digest": order.document_digest,
        "counts_until": until.isoformat(),
    }
    await work.log(EventKind.COURT_ORDER_TAKEN, **data)
    await _keep_holds(work, order)
    await _ask(work, order, until)
    await ask_about_retained_holds(connection, case_no, now)
    await case_outbox.notify_procedures(connection, case_no, DEPEND_ON_ORDERS, now)
    return order


async def _keep_holds(work: CaseTransaction, order: CourtOrder) -> None:
    """Retain holds by an order that has this effect, unless it waits for its second officer as a renewal."""
    if order.effect in _RETAINS:
        kept = await court_orders.keep_holds(work.connection, work.case_no, order)
        await work.log_all(retained_events(order.court_order_id, kept, retained=True))


async def _sealed(work: CaseTransaction, document: bytes) -> SealedDocument:
    sealer = await stored_sealer(work.ctx.persons, work.connection, work.case_no)
    return sealer.document(COURT_ORDER, document)


async def _ask(work: CaseTransaction, order: CourtOrder, until: datetime) -> None:
    """Ask for the second officer, and for the document if the order lacks it."""
    subject, kind, by = subject_of(order.court_order_id), TaskKind.SUPERVISE, order.taken_by
    await work.ask(NewTask(kind=kind, cause=TaskCause.COURT_ORDER_TO_CONFIRM, subject=subject, caused_by=by))
    if order.document_digest is None:
        facts, cause = TaskFacts(at=end_time(until)), TaskCause.COURT_ORDER_LACKS_DOCUMENT
        await work.ask(NewTask(kind=kind, cause=cause, subject=subject, facts=facts, caused_by=by))


def end_time(moment: datetime) -> str:
    """Return the end of an order as a task states it, in IST."""
    return f"{moment.astimezone(IST):%d-%m-%Y %H:%M}"


def subject_of(court_order_id: int) -> Subject:
    """Return the subject of the tasks about an order."""
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
    await court_orders.put_document(work.connection, order.court_order_id, await _sealed(work, document))
    if not order.counts:
        rules, factor = work.ctx.policy.court_orders, work.ctx.procedure_clock_factor
        until = counts_until(order.model_copy(update={"document_digest": digest}), rules, work.now, factor)
        await court_orders.count_until(work.connection, order.court_order_id, until)
    lacks = [TaskCause.COURT_ORDER_LACKS_DOCUMENT]
    await work.close_tasks(subject_of(order.court_order_id), lacks, "its document is there")
    await work.log(EventKind.COURT_ORDER_COPIED, court_order_id=order.court_order_id, document_digest=digest)
    return await court_orders.get(work.connection, work.case_no, order.court_order_id)


async def confirm_court_order(ctx: Context, ack_no: str, court_order_id: int, reason: str, by: str) -> CourtOrder:
    """Confirm an order as the second officer, so that it counts. A release is then ordered to the banks.

    A repeated confirmation changes nothing. Raises `NotFound`, and `SameEyes` for the officer who recorded the order.
    Raises `NotNow` for a withdrawn order, a missing document, or more than can be released.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        connection, case_no, now = work.connection, work.case_no, work.now
        order = await court_orders.get(connection, case_no, court_order_id)
        if order.confirmed_at is not None:
            return order
        _refuse_confirming(order, by)
        confirmed = order.model_copy(update={"confirmed_by": by, "confirmed_at": now})
        until = counts_until(confirmed, ctx.policy.court_orders, now, ctx.procedure_clock_factor)
        await court_orders.confirm(connection, court_order_id, by, now, until)
        data = {
            "court_order_id": court_order_id,
            "effect": order.effect.value,
            "document_digest": order.document_digest,
            "counts_until": until.isoformat() if until else None,
            "reason": reason,
        }
        await work.log(EventKind.COURT_ORDER_CONFIRMED, **data)
        await _keep_holds(work, order)
        await _apply(work, order)
        await work.close_tasks(subject_of(court_order_id), TO_COME, "it is confirmed")
        await case_outbox.notify_procedures(connection, case_no, DEPEND_ON_ORDERS, now)
        return await court_orders.get(connection, case_no, court_order_id)


async def _apply(work: CaseTransaction, order: CourtOrder) -> None:
    """Do what an order says, now that it counts. A refusal is taken by the restoration itself."""
    connection, case_no = work.connection, work.case_no
    match order.effect:
        case CourtOrderEffect.RELEASE:
            await _release(work, order)
        case CourtOrderEffect.RESTORE if order.kind in LEADS_TO:
            # Money that a court orders to restore joins a round, even if it was excluded before.
            about = (order.institution, order.account_key) if order.institution and order.account_key else None
            await account_holds.mark_to_open_again(connection, case_no, work.now, account=about, anew=True)
        case CourtOrderEffect.KEEP_HOLD:
            for hold_id in await court_orders.kept_by(connection, case_no, order.court_order_id):
                await _tell_holder(work, order, hold_id)


async def _tell_holder(work: CaseTransaction, order: CourtOrder, hold_id: UUID) -> None:
    """Tell the holder which court keeps the hold by which order, and who can set it aside."""
    number = order.order_no[:ORDER_NO_SHOWN]
    named = f"{order.court[: COURT_MAX_CHARS - len(number) - 2]}, {number}"
    facts = MessageFacts(occasion=f"{hold_id}.court.{order.court_order_id}", court=named)
    concerned = Concerned(holder=Holder(work.ctx, hold_id))
    await notify_people(work.connection, work.ctx, NotificationEvent.HOLD_KEPT_BY_COURT, concerned, facts, work.now)


def _refuse_confirming(order: CourtOrder, by: str) -> None:
    if order.withdrawn_at is not None:
        raise CourtOrderWithdrawn(order.court_order_id)
    if is_same_person(by, order.taken_by):
        raise CourtOrderNeedsSecondOfficer(by)
    if order.document_digest is None:
        raise CourtOrderLacksDocument(order.court_order_id)


async def withdraw_court_order(ctx: Context, ack_no: str, court_order_id: int, reason: str, by: str) -> CourtOrder:
    """Withdraw an order that was recorded by mistake, or ask a second officer to confirm its withdrawal.

    Two people withdraw an order that two have made count, or that retains holds. The officer who recorded it may
    withdraw it alone until it is confirmed. Raises `NotFound`. Raises `NotNow` if an order to a bank was made under it.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        order = await court_orders.get(work.connection, work.case_no, court_order_id)
        if order.withdrawn_at is not None:
            return order
        await _refuse_carried_out(work, order)
        may_alone = order.effect not in _RETAINS or is_same_person(by, order.taken_by)
        if may_alone and not order.counts:
            await _withdraw(work, order, reason)
        elif order.withdrawal_asked_by is None:
            await court_orders.ask_withdrawal(work.connection, court_order_id, by, reason, work.now)
            data = {"court_order_id": court_order_id, "effect": order.effect.value, "reason": reason}
            await work.log(EventKind.COURT_ORDER_WITHDRAWAL_ASKED, **data)
            cause, subject = TaskCause.COURT_ORDER_WITHDRAWAL_TO_CONFIRM, subject_of(court_order_id)
            await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, caused_by=by))
        return await court_orders.get(work.connection, work.case_no, court_order_id)


async def confirm_withdrawal(ctx: Context, ack_no: str, court_order_id: int, reason: str, by: str) -> CourtOrder:
    """Withdraw an order, as another officer than the one who asked for it.

    A repeated confirmation changes nothing. Raises `NotFound`, and `SameEyes` for the officer who asked. Raises
    `NotNow` if no officer asked, or if an order to a bank was made under it.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        order = await court_orders.get(work.connection, work.case_no, court_order_id)
        if order.withdrawn_at is not None:
            return order
        if order.withdrawal_asked_by is None:
            raise CourtOrderWithdrawalNotAsked(court_order_id)
        if is_same_person(by, order.withdrawal_asked_by):
            raise CourtOrderWithdrawalNeedsSecondOfficer(by)
        await _refuse_carried_out(work, order)
        await _withdraw(work, order, reason)
        return await court_orders.get(work.connection, work.case_no, court_order_id)


async def _refuse_carried_out(work: CaseTransaction, order: CourtOrder) -> None:
    if await court_orders.anything_ordered(work.connection, work.case_no, order):
        raise CourtOrderCarriedOut(order.court_order_id)


async def _withdraw(work: CaseTransaction, order: CourtOrder, reason: str) -> None:
    connection, case_no, now, court_order_id = work.connection, work.case_no, work.now, order.court_order_id
    await court_orders.withdraw(connection, court_order_id, work.actor, reason, now)
    freed = await court_orders.let_holds_go(connection, case_no, court_order_id)
    await account_holds.warn_anew(connection, [UUID(hold_id) for hold_id in freed], now)
    await ask_about_retained_holds(connection, case_no, now)
    data = {"court_order_id": court_order_id, "effect": order.effect.value, "reason": reason}
    log = [Event(EventKind.COURT_ORDER_WITHDRAWN, data), *retained_events(court_order_id, freed, retained=False)]
    await work.close_tasks(subject_of(court_order_id), OVER_WITH_IT, "it is withdrawn")
    await work.log_all(log)
    await case_outbox.notify_procedures(connection, case_no, DEPEND_ON_ORDERS, now)


async def _repeated(work: CaseTransaction, known: CourtOrder, new: NewCourtOrder) -> CourtOrder:
    if (known.kind, known.made_on, known.amount_paise, known.ends_on) != (
        new.kind,
        new.made_on,
        new.amount_paise,
        new.ends_on,
    ):
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
    if new.ends_on is not None and new.ends_on < work.now.astimezone(IST).date():
        raise CourtOrderOver(new.ends_on)
    if new.institution is not None and not await institutions.known_codes(work.connection, [new.institution]):
        raise InstitutionNotFound(new.institution)
    if new.effect is CourtOrderEffect.REFUSE:
        return
    held_paise = await court_orders.held(work.connection, work.case_no, new.institution, account)
    if held_paise == 0:
        raise NothingOnHoldForCourtOrder
    if new.amount_paise is not None and new.amount_paise > held_paise:
        raise CourtOrderAboveHold(new.amount_paise, held_paise)


def retained_events(court_order_id: int, hold_ids: Sequence[str], *, retained: bool) -> list[Event]:
    """Return the events of holds that the order retains, or retains no more."""
    return [
        Event(EventKind.HOLD_KEPT, {"hold_id": hold_id, "court_order_id": court_order_id, "kept": retained})
        for hold_id in hold_ids
    ]


async def _release(work: CaseTransaction, order: CourtOrder) -> None:
    """Order each bank to release what the court names. A sum is taken from the earliest hops first."""
    releasable_hops = await court_orders.releasable(work.connection, work.case_no, order)
    wanted = order.amount_paise or sum(hop.paise for hop in releasable_hops)
    lines = _first_hops_for(releasable_hops, wanted)
    if not lines or sum(line.paise for line in lines) < wanted:
        raise CourtOrderAboveFree(wanted, sum(hop.paise for hop in releasable_hops))
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


def _first_hops_for(releasable_hops: Sequence[Releasable], wanted_paise: int) -> list[Releasable]:
    """Return the first hops that make up the sum, the last of them in part."""
    taken: list[Releasable] = []
    left = wanted_paise
    for hop in releasable_hops:
        paise = min(hop.paise, left)
        if paise > 0:
            taken.append(hop.model_copy(update={"paise": paise}))
        left -= paise
    return taken
