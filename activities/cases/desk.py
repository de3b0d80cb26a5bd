"""Actions of the desk on a case. Each is one transaction that writes state, ledger and event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from activities.cases.transaction import CaseTransaction, case_transaction, lock_case
from activities.context import Context
from db import intake
from db.cases import cases, events, hop_retries, hops, ledger, tasks, told_amounts
from db.clock import present_moment
from db.outbox import case_outbox
from db.pool import Connection
from db.tracing import requests
from domain.errors.banks import InstitutionNotFound
from domain.errors.cases import (
    AmountAlreadyPlaced,
    AmountBelowDisputed,
    DisputedAboveTransfer,
    HopClosed,
    HopExists,
    HopOnHold,
    HopWithdrawn,
    ParentExhausted,
    TaskClosed,
    TrailFull,
    TransferBusy,
    TransferKnown,
)
from domain.errors.tracing import (
    RequestAnswered,
    RequestBeingSent,
    RequestNotLive,
    RequestNotRepeatable,
    RequestWithSupervisor,
)
from domain.ledger import move_between, take_from
from domain.tracing.missing_dates import with_date
from domain.tracing.trail import first_state, tasks_before_asking
from schemas.base import Flag
from schemas.enums import (
    AnswerClass,
    Bucket,
    CaseState,
    EscalationLevel,
    EventKind,
    HopSource,
    HopState,
    RequestState,
    TaskKind,
    TaskState,
)
from schemas.identifiers import account_key, reference_key, reference_of, transfer_key
from schemas.outbox.case import CaseNews, FollowUp, HopBrief, HopRef
from schemas.parties import Party
from schemas.tracing.answers import Entry
from schemas.tracing.desk_actions import HopCorrection, NewHopByDesk

LIVE_STATES = frozenset({RequestState.SENDING, RequestState.DELIVERED, RequestState.REFUSED})


@dataclass(frozen=True)
class DeskDone:
    """Result of a desk action: its hop (None for a request) and the workflow notification."""

    case_no: str
    hop_no: int | None
    follow_up: FollowUp | None


async def add_hop(ctx: Context, ack_no: str, new: NewHopByDesk, officer: str) -> DeskDone:
    """Open a hop below `new.parent_hop_no` and ask its bank.

    Raises `NotFound` (no such case or parent), `NotNow` (too little is left at the parent, or the hop exists),
    `LimitExceeded`.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        connection, case_no = work.connection, work.case_no
        parent = await hops.get(connection, case_no, new.parent_hop_no)
        if await hops.is_withdrawn(connection, case_no, parent.hop_no):
            raise HopWithdrawn(parent.hop_no)
        rules = ctx.policy.trail
        if work.head.last_hop_no >= rules.max_hops or parent.layer >= rules.max_layers:
            raise TrailFull(rules.max_hops, rules.max_layers)
        if new.disputed_paise > new.amount_paise:
            raise DisputedAboveTransfer(new.amount_paise, new.disputed_paise)
        hop = _hop_by_desk(ctx, new, parent, work.head.last_hop_no + 1)
        same = await hops.same_below(connection, case_no, hop)
        if same is not None:
            # The request was repeated, or the bank reported the hop meanwhile. A second hop would count the same money
            # twice.
            raise HopExists(same)
        balances = await ledger.balances(connection, case_no, parent.hop_no)
        drawn = take_from(parent.hop_no, balances, new.disputed_paise)
        if drawn is None:
            raise ParentExhausted(parent.hop_no, new.disputed_paise)
        await hops.insert(connection, case_no, work.now, [hop])
        await cases.give_out_hops(connection, case_no, hop.hop_no)
        entries = [*drawn, Entry(hop_no=hop.hop_no, bucket=Bucket.IN_PLAY, amount_paise=new.disputed_paise)]
        await ledger.post(connection, case_no, "hop_added", f"hop|{case_no}|{hop.hop_no}", work.now, entries)
        closed = await close_if_empty(work, parent)
        await work.ask(*tasks_before_asking(hop.hop_no, hop.state, hop.flags))
        await work.log(
            EventKind.HOP_ADDED,
            hop_no=hop.hop_no,
            parent_hop_no=parent.hop_no,
            layer=hop.layer,
            institution=hop.institution,
            placed=events.placed(entries),
            reason=new.reason,
            **await _register_transfer(work, hop),
        )
        follow_up = await notify_workflow(work, reopened=[hop], closed=closed)
    return DeskDone(case_no, hop.hop_no, follow_up)


async def correct_hop(ctx: Context, ack_no: str, hop_no: int, correction: HopCorrection, officer: str) -> DeskDone:
    """Correct a hop and ask about it again under a new revision.

    A corrected amount of a victim's own transfer corrects the loss too. Such a hop can be corrected after it is closed,
    if its bank does not find money of it, or if only a larger amount is told. Raises `NotFound`, or `NotNow` when
    the hop is closed otherwise or the new amount is less than the amount already placed.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        hop = await hops.get(work.connection, work.case_no, hop_no)
        corrected = _corrected(ctx, hop, correction)
        extra = {
            "fields": sorted(correction.model_dump(exclude_none=True, exclude={"reason"})),
            "reason": correction.reason,
        }
        follow_up = await apply_correction(work, hop, corrected, extra)
        if correction.amount_paise:
            await told_amounts.forget(work.connection, work.case_no, [hop_no])
    return DeskDone(work.case_no, hop_no, follow_up)


async def escalate_request(ctx: Context, ack_no: str, request_id: UUID, reason: str, officer: str) -> DeskDone:
    """Raise a request to its next escalation level now.

    Raises `NotFound`, or `NotNow` when the request needs no answer any more or is with the supervisor. The only level
    above the supervisor is giving up, and `stop_request` is for that.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        request = await requests.get_of_case(work.connection, work.case_no, request_id)
        if request.state not in LIVE_STATES:
            raise RequestNotLive(request.state)
        if request.level is EscalationLevel.SUPERVISOR:
            raise RequestWithSupervisor
        to = EscalationLevel.above(request.level)
        data = {"request_id": str(request_id), "institution": request.institution, "to": to.value, "reason": reason}
        await work.log(EventKind.REQUEST_ESCALATED, **data)
        news = CaseNews(news_id=0, escalate_request_id=str(request_id), escalate_to=to)
        notification = await case_outbox.insert(work.connection, work.case_no, work.now, news)
    return DeskDone(work.case_no, None, FollowUp(case_no=work.case_no, news=notification))


async def stop_request(ctx: Context, ack_no: str, request_id: UUID, reason: str, officer: str) -> DeskDone:
    """Withdraw a request. The amount in play of its hops becomes untraced until somebody places it.

    Raises `NotFound`, or `NotNow` when the request is answered or stopped already.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        request = await requests.get_of_case(work.connection, work.case_no, request_id)
        if request.state not in LIVE_STATES:
            raise RequestNotLive(request.state)
        closed = await write_off_request(work, request_id, reason)
        follow_up = await notify_workflow(work, reopened=[], closed=closed)
    return DeskDone(work.case_no, None, follow_up)


async def send_again(ctx: Context, ack_no: str, request_id: UUID, reason: str, officer: str) -> DeskDone:
    """Ask about a request's hops again, after its error or the fault of the channel is corrected.

    For a request that the bank refused as a whole or never received. Raises `NotFound`, or `NotNow` when the bank has
    the request, when it has ended, and while its first attempt may still run.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        request = await requests.get_of_case(work.connection, work.case_no, request_id)
        _refuse_to_repeat(request, work.now, ctx.policy.delivery.call_timeout_seconds)
        again = await requests.send_again(work.connection, request_id)
        finished = await requests.finish_empty(work.connection, work.case_no, work.now)
        await work.close_request_tasks(finished, "sent again")
        await work.log(
            EventKind.REQUEST_SENT_AGAIN,
            request_id=str(request_id),
            institution=request.institution,
            hops=[hop.hop_no for hop in again],
            reason=reason,
        )
        closed = tuple(HopRef(hop_no=hop.hop_no, revision=hop.revision - 1) for hop in again)
        news = CaseNews(news_id=0, opened=tuple(again), closed=closed)
        notification = await case_outbox.insert(work.connection, work.case_no, work.now, news)
    return DeskDone(work.case_no, None, FollowUp(case_no=work.case_no, news=notification))


async def close_task(ctx: Context, task_id: int, reason: str, officer: str) -> tasks.TaskRow:
    """Close a work item by an officer, and return it as it was.

    Raises `NotFound`, or `NotNow` when it is closed.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await tasks.case_of(connection, task_id)
        # Lock the case first, as everywhere. Otherwise an answer that closes this work item could deadlock with us.
        work = await lock_case(ctx, connection, case_no, officer) if case_no else None
        task = await tasks.get(connection, task_id)
        if task.state is TaskState.CLOSED:
            raise TaskClosed(task_id)
        now = work.now if work else await present_moment(connection)
        await tasks.close(connection, task_id, now, officer, reason)
        if work:
            data = {"task_id": task_id, "kind": task.kind.value, "hop_no": task.hop_no, "reason": reason}
            await work.log(EventKind.TASK_CLOSED, **data)
    return task


# -- steps -----------------------------------------------------------------------------------------------------


async def _register_transfer(work: CaseTransaction, hop: hops.HopRow) -> dict[str, str]:
    """Register the hop's transfer for this case, so that a complaint about it joins.

    Returns the event's data about another case that already has the transfer, or nothing.
    """
    known = await register_transfers(work, {hop.hop_no: key_of(hop)} if hop.reference else {})
    return {"known_in_another_case": known[hop.hop_no]} if known else {}


async def apply_correction(
    work: CaseTransaction, hop: hops.HopRow, corrected: hops.HopRow, extra: Mapping[str, object]
) -> FollowUp:
    """Write a corrected hop, and have its bank asked again. Raises as `write_correction`."""
    await write_correction(work, hop, corrected, extra)
    closed = [HopRef(hop_no=hop.hop_no, revision=hop.revision)]
    return await notify_workflow(work, reopened=[corrected], closed=closed)


async def write_correction(
    work: CaseTransaction,
    hop: hops.HopRow,
    corrected: hops.HopRow,
    extra: Mapping[str, object],
    told_in: str | None = None,
) -> None:
    """Write a corrected hop. The caller notifies the workflow.

    `extra` is added to the event's data, and `told_in` is the complaint that corrects it. Raises `NotNow` when
    the transfer is another hop's, when the hop is withdrawn, or when money of it is on hold at another account than the
    corrected one.
    """
    connection, case_no, hop_no = work.connection, work.case_no, hop.hop_no
    back = await _closed_again_in_play(connection, case_no, hop, corrected) if hop.state is HopState.CLOSED else []
    if hop.institution and (hop.institution, hop.account_key) != (corrected.institution, corrected.account_key):
        await _refuse_held(connection, case_no, hop_no)
    entries = back + await _correct_amount(connection, case_no, hop, corrected, back)
    withdrawn = await withdraw_from_request(work, hop)
    await hops.reopen(connection, case_no, corrected)
    await hops.keep_correction(connection, case_no, hop, corrected, work.now, work.actor, told_in)
    key = f"correct|{case_no}|{hop_no}|{corrected.revision}"
    await ledger.post(connection, case_no, "correction", key, work.now, entries)
    if hop.source is HopSource.COMPLAINT:
        await hop_retries.forget(connection, case_no, [hop_no])
        key_of_transfer = key_of(corrected)
        await _refuse_known_elsewhere(connection, case_no, hop_no, key_of_transfer)
        if await intake.register_transfers(connection, case_no, [key_of_transfer], [hop_no]):
            raise TransferBusy
        known: dict[str, str] = {}
    else:
        known = await _register_transfer(work, corrected)
    kinds = (TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION, TaskKind.READ_ANSWER)
    await work.close_hop_tasks([hop_no], kinds, "corrected")
    await work.ask(*tasks_before_asking(hop_no, corrected.state, corrected.flags))
    await work.log(
        EventKind.HOP_CORRECTED,
        hop_no=hop_no,
        revision=corrected.revision,
        institution=corrected.institution,
        placed=events.placed(entries),
        withdrawn_from=withdrawn,
        **known,
        **extra,
    )


async def _closed_again_in_play(
    connection: Connection, case_no: str, hop: hops.HopRow, corrected: hops.HopRow
) -> list[Entry]:
    """Return the entries that put a closed hop's refused money back in play; none if only its amount is raised.

    Raises `NotNow` if it has no such money, and if it is withdrawn.
    """
    if hop.source is not HopSource.COMPLAINT:
        # Another bank reported this transfer, so its refusal is a discrepancy, and the resolution asks again.
        raise HopClosed(hop.hop_no)
    if await hops.is_withdrawn(connection, case_no, hop.hop_no):
        raise HopWithdrawn(hop.hop_no)
    if refused_paise := (await ledger.balances(connection, case_no, hop.hop_no)).get(Bucket.REFUSED, 0):
        return list(move_between(hop.hop_no, Bucket.REFUSED, Bucket.IN_PLAY, refused_paise))
    same_payee = (hop.institution, hop.account_key) == (corrected.institution, corrected.account_key)
    if not same_payee or corrected.disputed_paise <= hop.disputed_paise:
        raise HopClosed(hop.hop_no)
    return []


async def _refuse_held(connection: Connection, case_no: str, hop_no: int) -> None:
    """Raise `NotNow` if money of the hop is on hold.

    A hold belongs to its account: at another one it would have no clock, and its holder no appeal.
    """
    balances = await ledger.balances(connection, case_no, hop_no)
    if held_paise := balances.get(Bucket.HELD, 0):
        raise HopOnHold(hop_no, held_paise)


def _refuse_to_repeat(request: requests.RequestRow, now: datetime, call_timeout_seconds: float) -> None:
    if request.state not in {RequestState.SENDING, RequestState.REFUSED}:
        raise RequestNotRepeatable(request.state)
    if request.state is RequestState.REFUSED:
        return
    if request.first_answered_at is not None:
        raise RequestAnswered
    if now - request.sent_at < timedelta(seconds=call_timeout_seconds):
        raise RequestBeingSent


def _hop_by_desk(ctx: Context, new: NewHopByDesk, parent: hops.HopRow, hop_no: int) -> hops.HopRow:
    institution, _ = _resolve(ctx, new.payee)
    return hops.HopRow(
        hop_no=hop_no,
        parent_hop_no=parent.hop_no,
        layer=parent.layer + 1,
        source=HopSource.DESK,
        state=first_state(routable=institution is not None, reference=new.reference),
        institution=institution,
        payer_institution_as_told=parent.payee_institution_as_told,
        payer_holder=parent.payee_holder,
        payee_institution_as_told=new.payee.institution,
        payee_holder=new.payee.holder,
        payee_ifsc=new.payee.ifsc,
        account_key=account_key(new.payee.holder),
        reference=new.reference,
        reference_key=reference_key(new.reference),
        mode=new.mode.value,
        amount_paise=new.amount_paise,
        disputed_paise=new.disputed_paise,
        transferred_at=new.transferred_at,
    )


def _corrected(ctx: Context, hop: hops.HopRow, correction: HopCorrection) -> hops.HopRow:
    changed: dict[str, object] = {"revision": hop.revision + 1}
    institution, flags = hop.institution, hop.flags
    if correction.payee:
        institution, more_flags = _resolve(ctx, correction.payee)
        flags += more_flags
        changed |= {
            "institution": institution,
            "payee_institution_as_told": correction.payee.institution,
            "payee_holder": correction.payee.holder,
            "payee_ifsc": correction.payee.ifsc,
            "account_key": account_key(correction.payee.holder),
        }
    reference = correction.rrn or correction.utr
    if reference:
        changed |= {"reference": reference, "reference_key": reference_key(reference)}
    if correction.transferred_at:
        flags = with_date(flags)
        changed["transferred_at"] = correction.transferred_at
    if correction.amount_paise:
        changed["amount_paise"] = correction.amount_paise
        if hop.source is HopSource.COMPLAINT:
            changed["disputed_paise"] = correction.amount_paise
        elif correction.amount_paise < hop.disputed_paise:
            raise AmountBelowDisputed(correction.amount_paise, hop.disputed_paise)
    routable = institution is not None
    changed["flags"] = flags
    changed["state"] = first_state(routable=routable, reference=reference or hop.reference, flags=flags)
    return hop.model_copy(update=changed)


def _resolve(ctx: Context, party: Party) -> tuple[str | None, tuple[Flag, ...]]:
    found, flags = ctx.directory.current.resolve(party.institution, party.ifsc, party.holder, "payee")
    return (found.code if found else None), tuple(flags)


async def _refuse_known_elsewhere(connection: Connection, case_no: str, hop_no: int, key: str) -> None:
    """Raise `NotNow` if another hop has this transfer, because the loss would count twice."""
    # No waiting for this lock: a complaint that holds it may be waiting for the case row, which we hold.
    if not await intake.try_lock(connection, intake.lock_of_transfer(reference_of(key))):
        raise TransferBusy
    known = await intake.place_of_transfer(connection, key)
    if known and known != (case_no, hop_no):
        raise TransferKnown(*known)


async def _correct_amount(
    connection: Connection, case_no: str, hop: hops.HopRow, corrected: hops.HopRow, back: Sequence[Entry]
) -> list[Entry]:
    """Return the entries that correct the loss; none if the disputed amount stays the same.

    `back` has the entries by which refused money comes back in play at the same time.
    """
    more_paise = corrected.disputed_paise - hop.disputed_paise
    if more_paise == 0:
        return []
    balances = await ledger.balances(connection, case_no, hop.hop_no)
    back_paise = sum(entry.amount_paise for entry in back if entry.bucket is Bucket.IN_PLAY)
    if balances.get(Bucket.IN_PLAY, 0) + back_paise + more_paise <= 0:
        raise AmountAlreadyPlaced(hop.hop_no, corrected.amount_paise)
    return list(move_between(hop.hop_no, Bucket.LOST, Bucket.IN_PLAY, more_paise))


async def withdraw_from_request(work: CaseTransaction, hop: hops.HopRow) -> list[str]:
    """Detach the hop from the request that asks about it with the old figures; finish a request left empty."""
    if hop.state is not HopState.ASKED:
        return []
    await hops.detach(work.connection, work.case_no, hop.hop_no)
    finished = await requests.finish_empty(work.connection, work.case_no, work.now)
    await work.close_request_tasks(finished, "the hop was corrected")
    return [str(request_id) for request_id in finished]


async def close_if_empty(work: CaseTransaction, hop: hops.HopRow) -> list[HopRef]:
    """Close a hop without any amount in play. Returns the hop if this call closed it."""
    left = (await ledger.balances(work.connection, work.case_no, hop.hop_no)).get(Bucket.IN_PLAY, 0)
    if left or hop.state is HopState.CLOSED:
        return []
    await hops.close(work.connection, work.case_no, [hop.hop_no])
    finished = await requests.finish_empty(work.connection, work.case_no, work.now)
    why = "no money of the hop is in play"
    await work.close_request_tasks(finished, why)
    await work.close_hop_tasks([hop.hop_no], (TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION), why)
    return [HopRef(hop_no=hop.hop_no, revision=hop.revision)]


async def notify_workflow(work: CaseTransaction, *, reopened: list[hops.HopRow], closed: list[HopRef]) -> FollowUp:
    """Write the notification for the workflow. A settled case with money in play again is reopened and started."""
    connection, case_no = work.connection, work.case_no
    briefs = [await brief_of(work, hop) for hop in reopened]
    opened = tuple(brief for brief in briefs if brief)
    parked = tuple(HopRef(hop_no=h.hop_no, revision=h.revision) for h in reopened if h.state is not HopState.OPEN)
    news = CaseNews(news_id=0, opened=opened, closed=tuple(closed), parked=parked)
    notification = await case_outbox.insert(connection, case_no, work.now, news)
    start = None
    if work.head.state is CaseState.SETTLED and reopened:
        await cases.reopen(connection, case_no)
        await work.as_engine.log(EventKind.CASE_REOPENED)
        start = await cases.snapshot(connection, case_no)
    return FollowUp(case_no=case_no, start=start, news=notification)


async def brief_of(work: CaseTransaction, hop: hops.HopRow) -> HopBrief | None:
    """Return a hop as the workflow asks about it, or None if it waits for the desk."""
    if hop.state is not HopState.OPEN or not hop.institution:
        return None
    known = work.ctx.directory.current.get(hop.institution)
    if known is None:
        raise InstitutionNotFound(hop.institution)
    balances = await ledger.balances(work.connection, work.case_no, hop.hop_no)
    return HopBrief(
        hop_no=hop.hop_no,
        revision=hop.revision,
        institution=hop.institution,
        answer_class=AnswerClass(known.answer_class),
        disputed_paise=balances.get(Bucket.IN_PLAY, 0),
        layer=hop.layer,
        transferred_at=hop.transferred_at,
    )


async def write_off_request(work: CaseTransaction, request_id: UUID, reason: str) -> list[HopRef]:
    """Stop a live request: its amount becomes untraced, and its hops close."""
    connection, case_no = work.connection, work.case_no
    live = await requests.live_hops(connection, request_id)
    entries = [
        entry for hop in live for entry in move_between(hop.hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, hop.disputed_paise)
    ]
    await ledger.post(connection, case_no, "request_stopped", f"stop|{request_id}", work.now, entries)
    await hops.close(connection, case_no, [hop.hop_no for hop in live])
    await requests.stop(connection, request_id, work.now)
    await work.close_request_tasks([request_id], "the request was stopped")
    data = {"request_id": str(request_id), "placed": events.placed(entries), "reason": reason}
    await work.log(EventKind.REQUEST_STOPPED, **data)
    return [HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in live]


def key_of(hop: hops.HopRow) -> str:
    """Return the key of a hop's transfer, by its institution, or by the reported name if the institution is unknown."""
    return transfer_key(hop.reference, hop.institution or hop.payee_institution_as_told)


async def register_transfers(work: CaseTransaction, keys: Mapping[int, str]) -> dict[int, str]:
    """Register the transfers of these hops, and return by hop the other case that a transfer belongs to.

    Either one transfer carried money of two victims, or two cases are one. The hop is asked about in this case too, and
    flagged for the desk. `db.intake.register_transfers` gives the order of the locks.
    """
    if not keys:
        return {}
    known = await intake.register_transfers(work.connection, work.case_no, list(keys.values()), list(keys))
    others = {hop_no: other for hop_no, (other, _) in known.items() if other != work.case_no}
    if others:
        await hops.flag(work.connection, work.case_no, {hop_no: _flag(other) for hop_no, other in others.items()})
    return others


def _flag(other: str) -> Flag:
    return Flag(field="reference", code="known_in_another_case", message=f"this transfer is in case {other}")
