"""Actions of the desk on a case. Each is one transaction that writes state, ledger and event."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from activities.case.batches import notify_case
from activities.case.corrections import apply_correction
from activities.case.hop_steps import close_if_empty, notify_workflow, register_transfer, write_off_request
from activities.case.merged_answers import refuse_live_elsewhere
from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.isolation import repeated
from db.case import cases, events, hops, ledger, requests
from domain.case.ledger import take_from
from domain.case.resolution import with_date
from domain.case.trail import first_state, tasks_before_asking
from domain.errors.case import (
    AmountBelowDisputed,
    DisputedAboveTransfer,
    HopExists,
    ParentExhausted,
    RequestAnswered,
    RequestBeingSent,
    RequestNotLive,
    RequestNotRepeatable,
    RequestWithSupervisor,
    TrailFull,
)
from schemas.base import Flag
from schemas.case.answers import Entry
from schemas.case.case_workflow import CaseNews, FollowUp, HopRef
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from schemas.enums import Bucket, EscalationLevel, HopSource, RequestState, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_key, reference_key
from schemas.parties import Party
from schemas.tasks import NewTask, TaskCause, TaskFacts

LIVE_STATES = frozenset({RequestState.SENDING, RequestState.DELIVERED, RequestState.REFUSED})


@dataclass(frozen=True)
class DeskDone:
    """Result of a desk action: its hop (None for a request) and the workflow notification."""

    case_no: str
    hop_no: int | None
    follow_up: FollowUp | None


@repeated()
async def add_hop(ctx: Context, ack_no: str, new: NewHopByDesk, officer: str) -> DeskDone:
    """Open a hop below `new.parent_hop_no` and ask its bank.

    Raises `NotFound` (no such case or parent), `NotNow` (too little is left at the parent, or the hop exists),
    `LimitExceeded`.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        connection, case_no = work.connection, work.case_no
        parent = await hops.get(connection, case_no, new.parent_hop_no)
        await hops.refuse_left(connection, case_no, parent.hop_no)
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
        await refuse_live_elsewhere(work, hop)
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
            **await register_transfer(work, hop),
        )
        follow_up = await notify_workflow(work, reopened=[hop], closed=closed)
    return DeskDone(case_no, hop.hop_no, follow_up)


@repeated()
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
            await ledger.forget(work.connection, work.case_no, [hop_no])
    return DeskDone(work.case_no, hop_no, follow_up)


@repeated()
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
        notification = await notify_case(work, news)
    return DeskDone(work.case_no, None, FollowUp(case_no=work.case_no, news=notification))


@repeated()
async def stop_request(ctx: Context, ack_no: str, request_id: UUID, reason: str, officer: str) -> DeskDone:
    """Withdraw a request. The amount in play of its hops becomes untraced until somebody places it.

    Soon after a transfer, or for a large sum, the supervisor is told at once.

    Raises `NotFound`, or `NotNow` when the request is answered or stopped already.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        request = await requests.get_of_case(work.connection, work.case_no, request_id)
        if request.state not in LIVE_STATES:
            raise RequestNotLive(request.state)
        await _alarm(work, request_id)
        closed = await write_off_request(work, request_id, reason)
        follow_up = await notify_workflow(work, reopened=[], closed=closed)
    return DeskDone(work.case_no, None, follow_up)


@repeated()
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
        notification = await notify_case(work, news)
    return DeskDone(work.case_no, None, FollowUp(case_no=work.case_no, news=notification))


# -- steps -----------------------------------------------------------------------------------------------------


async def _alarm(work: CaseTransaction, request_id: UUID) -> None:
    """Tell the supervisor at once of a stop soon after a transfer, or of a large sum.

    The money may still be there.
    """
    live = await requests.live_hops(work.connection, request_id)
    paise, times = sum(hop.disputed_paise for hop in live), [hop.transferred_at for hop in live]
    if not work.ctx.policy.alarms.concern(paise, times, work.now, work.ctx.clock_factor):
        return
    cause, facts = TaskCause.REQUEST_STOPPED_EARLY, TaskFacts(claimed_paise=paise, request_id=str(request_id))
    # It is about the case, because the work items of a request end with the request.
    await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, facts=facts, caused_by=work.actor))
    await work.log(EventKind.OFFICER_ALARM, cause=cause.value, request_id=str(request_id), amount_paise=paise)


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
    bank, flags = ctx.directory.current.resolve(party.institution, party.ifsc, party.holder, "payee")
    return (bank.code if bank else None), tuple(flags)
