"""Hops that wait for a correction, and corrections that wait.

Follow-up of hops that wait for the desk: remind the supervisor, try the directory again, write off. Each function works
on one case in one transaction and checks again under the case's lock, so it can be repeated.

Hops that are corrected from a later complaint about the same transfer. A hop that waits for the desk gets what it
lacks. A victim's own transfer gets a larger amount in every state, but not before its bank has the first request. Else
an invented amount would replace the request with the true one. The larger amount alone moves no money, because a claim
counts only what a bank confirms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from activities.case.batches import notify_case
from activities.case.corrections import apply_correction, write_correction
from activities.case.hop_steps import brief_of, key_of, notify_workflow
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from db.case import events, hop_retries, hops, ledger, parked_hops
from db.case.events import Event
from db.case.hops import HopRow
from domain.case.known_transfers import same_day
from domain.case.ledger import move_between
from domain.case.requests import EscalationPolicy, due_since
from domain.case.resolution import missing_date, with_date
from domain.case.trail import first_state
from domain.errors import NotNow
from domain.errors.case import TransferBusy
from schemas.case.case_workflow import CaseNews, FollowUp, HopBrief, HopRef
from schemas.case.intake import Transfer
from schemas.enums import Bucket, HopSource, HopState, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_key, names_an_account, reference_key
from schemas.tasks import TaskCause, about_hop

WHY_WRITTEN_OFF: Final = "not corrected in time"
WHY_ROUTED: Final = "the directory knows the institution"


@dataclass(frozen=True)
class Done:
    """The number of hops that were changed, and the workflow notifications."""

    hops: int = 0
    follow_ups: tuple[FollowUp, ...] = ()


class ParkedAction(StrEnum):
    """An action that time alone causes for a hop that waits for the desk."""

    REMIND = "remind"
    WRITE_OFF = "write_off"


def _escalation(ctx: Context) -> EscalationPolicy[ParkedAction]:
    """Return when each action is due, counted from when the hop began to wait."""
    rules, factor = ctx.policy.desk, ctx.clock_factor
    return EscalationPolicy(
        {
            ParkedAction.REMIND: timedelta(seconds=rules.remind_after_seconds / factor),
            ParkedAction.WRITE_OFF: timedelta(seconds=rules.write_off_after_seconds / factor),
        }
    )


def remind_before(ctx: Context, now: datetime) -> datetime:
    """Return the time since which a hop must wait for the supervisor to be reminded."""
    return due_since(_escalation(ctx), ParkedAction.REMIND, now)


def write_off_before(ctx: Context, now: datetime) -> datetime:
    """Return the time since which a hop must wait to be written off."""
    return due_since(_escalation(ctx), ParkedAction.WRITE_OFF, now)


async def remind(ctx: Context, case_no: str, hop_nos: Sequence[int]) -> Done:
    """Remind the supervisor, once, of the hops that have waited long."""
    async with case_transaction(ctx, case_no, ENGINE) as work:
        before = remind_before(ctx, work.now)
        due = await parked_hops.still(work.connection, case_no, hop_nos, before, reminded=False)
        log = []
        for hop in due:
            task = about_hop(TaskKind.SUPERVISE, TaskCause.WAITS_FOR_DESK, hop.hop_no)
            opened = await work.ask(task, institution=hop.institution)
            data = {"kind": task.kind.value, "hop_no": hop.hop_no, "institution": hop.institution}
            log += [Event(EventKind.TASK_OPENED, {"task_id": task_id, **data}) for task_id in opened]
        await parked_hops.mark_reminded(work.connection, case_no, [hop.hop_no for hop in due], work.now)
        await work.log_all(log)
    return Done(len(due))


async def write_off(ctx: Context, case_no: str, hop_nos: Sequence[int]) -> Done:
    """Close the hops that were not corrected in time. Their amount in play becomes untraced."""
    async with case_transaction(ctx, case_no, ENGINE) as work:
        before = write_off_before(ctx, work.now)
        due = await parked_hops.still(work.connection, case_no, hop_nos, before, reminded=True)
        if not due:
            return Done()
        for hop in due:
            await _write_off_hop(work, hop)
        numbers = [hop.hop_no for hop in due]
        await hops.close(work.connection, case_no, numbers)
        await work.close_hop_tasks(numbers, (TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION), WHY_WRITTEN_OFF)
        closed = tuple(HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in due)
        notification = await notify_case(work, CaseNews(news_id=0, closed=closed))
    return Done(len(due), (FollowUp(case_no=case_no, news=notification),))


async def _write_off_hop(work: CaseTransaction, hop: parked_hops.Waiting) -> None:
    entries = move_between(hop.hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, hop.in_play_paise)
    key = f"desk|{work.case_no}|{hop.hop_no}|{hop.revision}"
    await ledger.post(work.connection, work.case_no, "hop_written_off", key, work.now, entries)
    await work.log(
        EventKind.HOP_WRITTEN_OFF,
        hop_no=hop.hop_no,
        revision=hop.revision,
        waited_as=hop.state.value,
        institution=hop.institution,
        placed=events.placed(entries),
        reason=WHY_WRITTEN_OFF,
    )


async def route_again(ctx: Context, case_no: str, hop_nos: Sequence[int], changed_at: datetime) -> Done:
    """Ask about the hops whose institution is now in the directory. The others wait for its next change.

    Call this with a directory read after `changed_at`. A hop stays with the desk if its transfer belongs to another
    hop.
    """
    follow_ups = []
    async with case_transaction(ctx, case_no, ENGINE) as work:
        busy = set()
        waiting = [await hops.get(work.connection, case_no, hop_no) for hop_no in hop_nos]
        routable = [(hop, routed) for hop in waiting if (routed := _routed(ctx, hop))]
        # Take the hops in the order of their keys, in which everybody registers transfers. This avoids deadlocks.
        for hop, routed in sorted(routable, key=lambda pair: key_of(pair[1])):
            try:
                async with work.connection.transaction():
                    extra = {"fields": ["institution"], "reason": WHY_ROUTED}
                    follow_ups.append(await apply_correction(work, hop, routed, extra))
            except TransferBusy:
                busy.add(hop.hop_no)
            except NotNow:
                continue
        await parked_hops.mark_looked_up(work.connection, case_no, [n for n in hop_nos if n not in busy], changed_at)
    return Done(len(follow_ups), tuple(follow_ups))


def _routed(ctx: Context, hop: hops.HopRow) -> hops.HopRow | None:
    """Return the hop with the institution found in the directory, or None.

    None also for a hop that no longer waits.
    """
    if hop.state is not HopState.UNROUTABLE:
        return None
    bank, _ = ctx.directory.current.resolve(hop.payee_institution_as_told, hop.payee_ifsc, hop.payee_holder, "payee")
    if bank is None:
        return None
    state = first_state(routable=True, reference=hop.reference, flags=hop.flags)
    return hop.model_copy(update={"revision": hop.revision + 1, "institution": bank.code, "state": state})


WAITING = frozenset({HopState.CORRECTION, HopState.UNROUTABLE})


@dataclass(frozen=True)
class Told:
    """A known transfer as a later complaint tells it."""

    transfer: Transfer
    institution: str | None
    """code of the payee's bank; None if the directory has none"""
    ack_no: str
    other_payer: bool
    """the complaint names another payer than the hop"""
    most_paise: int
    """the largest amount that the complaint tells of it at the hop's bank"""


@dataclass(frozen=True)
class Corrected:
    """A corrected hop for the workflow."""

    ended: HopRef
    """the revision that the correction ends"""
    to_ask: HopBrief | None
    parked: HopRef | None
    """instead of `to_ask`, if the hop still waits for the desk"""


async def correct_as_told(work: CaseTransaction, hop_no: int, stated: Told) -> Corrected | None:
    """Correct a hop as the complaint states it; its bank is asked at once about the money in play.

    Returns None if the complaint says nothing new, or if the hop cannot be corrected now. Raises `TransferBusy`.
    """
    hop = await hops.get(work.connection, work.case_no, hop_no)
    if hop.state is HopState.CLOSED and stated.institution not in {None, hop.institution}:
        await hop_retries.plan_at_once(work.connection, work.case_no, hop_no, work.now)
    corrected = await _corrected(work, hop, stated)
    if corrected is None:
        return None
    extra = {"fields": _fields(hop, corrected), "reason": f"complaint {stated.ack_no} tells it so"}
    try:
        async with work.connection.transaction():
            await write_correction(work, hop, corrected, extra, told_in=stated.ack_no)
    except TransferBusy:
        raise
    except NotNow:
        return None
    brief = await brief_of(work, corrected)
    parked = None if brief else HopRef(hop_no=hop_no, revision=corrected.revision)
    return Corrected(HopRef(hop_no=hop_no, revision=hop.revision), brief, parked)


async def _corrected(work: CaseTransaction, hop: HopRow, stated: Told) -> HopRow | None:
    """Return the hop as the later complaint states it, or None without news."""
    changed = await _missing(work, hop, stated) if hop.state in WAITING else {}
    if not changed.get("institution", hop.institution):
        # No request goes out without a bank, so the desk corrects the rest with the bank.
        changed = {}
    elif stated.institution and not stated.other_payer and await _is_unsent(work, hop):
        changed = _payee(hop, stated)
    if await _raises(work, hop, stated.most_paise):
        if await ledger.bank_has_request(work.connection, work.case_no, hop.hop_no):
            changed |= _amount(stated.most_paise)
        else:
            await ledger.keep(work.connection, work.case_no, hop.hop_no, stated.ack_no, stated.most_paise, work.now)
    return _next_revision(hop, changed) if changed else None


def _amount(paise: int) -> dict[str, object]:
    return {"amount_paise": paise, "disputed_paise": paise}


def _next_revision(hop: HopRow, changed: dict[str, object]) -> HopRow:
    corrected = hop.model_copy(update={**changed, "revision": hop.revision + 1})
    routable = corrected.institution is not None
    state = first_state(routable=routable, reference=corrected.reference, flags=corrected.flags)
    return corrected.model_copy(update={"state": state})


async def raise_hops(ctx: Context, case_no: str, hop_nos: Sequence[int]) -> Done:
    """Raise the hops whose bank has the first request now. Their banks are asked about the larger amount.

    Where a complaint about the transfer is being taken, the next sweep does it.
    """
    async with case_transaction(ctx, case_no, ENGINE) as work:
        raised, busy, closed = [], set(), []
        for raised_amount in await ledger.still_due(work.connection, case_no, hop_nos):
            hop = await hops.get(work.connection, case_no, raised_amount.hop_no)
            if not await _raises(work, hop, raised_amount.amount_paise):
                continue
            corrected = _next_revision(hop, _amount(raised_amount.amount_paise))
            extra = {"fields": _fields(hop, corrected), "reason": f"complaint {raised_amount.ack_no} tells it so"}
            try:
                async with work.connection.transaction():
                    await write_correction(work, hop, corrected, extra, told_in=raised_amount.ack_no)
            except TransferBusy:
                busy.add(hop.hop_no)
            except NotNow:
                continue
            else:
                raised.append(corrected)
                closed.append(HopRef(hop_no=hop.hop_no, revision=hop.revision))
        await ledger.forget(work.connection, case_no, [hop_no for hop_no in hop_nos if hop_no not in busy])
        if not raised:
            return Done()
        follow_up = await notify_workflow(work, reopened=raised, closed=closed)
    return Done(len(raised), (follow_up,))


async def _raises(work: CaseTransaction, hop: HopRow, told_paise: int) -> bool:
    """Return whether a complaint tells more of a victim's own transfer than the case has.

    Who learns a reference could else tell one rupee of it first, and the victim's money would not be asked about.
    An amount that the desk has lowered is not raised to what was told before.
    """
    if hop.source is not HopSource.COMPLAINT or told_paise <= hop.amount_paise:
        return False
    return told_paise > await hops.lowered_from(work.connection, work.case_no, hop.hop_no)


async def _is_unsent(work: CaseTransaction, hop: HopRow) -> bool:
    """Return whether nothing was asked about the hop yet, or only by a request that the bank does not have."""
    if hop.source is not HopSource.COMPLAINT or hop.state not in {HopState.OPEN, HopState.ASKED}:
        return False
    has_request = await ledger.bank_has_request(work.connection, work.case_no, hop.hop_no)
    return not has_request and await _nothing_placed(work, hop)


async def _nothing_placed(work: CaseTransaction, hop: HopRow) -> bool:
    """Return whether no money of the hop is placed or sent on."""
    balances = await ledger.balances(work.connection, work.case_no, hop.hop_no)
    return balances.get(Bucket.IN_PLAY, 0) + balances.get(Bucket.REFUSED, 0) == hop.disputed_paise


async def _missing(work: CaseTransaction, hop: HopRow, stated: Told) -> dict[str, object]:
    """Return what the later complaint changes of a hop that waits for the desk."""
    transfer = stated.transfer
    changed = _payee(hop, stated) if await _nothing_placed(work, hop) else {}
    if not hop.reference:
        changed |= {"reference": transfer.reference, "reference_key": reference_key(transfer.reference)}
    if missing_date(hop.flags) or not same_day(hop.transferred_at, transfer.transferred_at):
        changed |= {"transferred_at": transfer.transferred_at, "flags": with_date(hop.flags)}
    return changed


def _payee(hop: HopRow, stated: Told) -> dict[str, object]:
    """Return what the complaint changes of the receiving bank and account.

    Another payer's complaint only adds what is missing. Else anybody could move the victim's money to an account of his
    own choice.
    """
    payee, account = stated.transfer.payee, account_key(stated.transfer.payee.holder)
    if not stated.institution:
        return {}
    other_bank = stated.institution != hop.institution and (not hop.institution or not stated.other_payer)
    other_account = account != hop.account_key and (not names_an_account(hop.account_key) or not stated.other_payer)
    changed: dict[str, object] = {}
    if other_bank:
        changed |= {
            "institution": stated.institution,
            "payee_institution_as_told": payee.institution,
            "payee_ifsc": payee.ifsc,
        }
    if (
        other_account
        and names_an_account(account)
        and changed.get("institution", hop.institution) == stated.institution
    ):
        changed |= {"payee_holder": payee.holder, "account_key": account, "payee_ifsc": payee.ifsc}
    return changed


def _fields(hop: HopRow, corrected: HopRow) -> list[str]:
    names = {
        "institution": "bank",
        "account_key": "account",
        "reference": "reference",
        "transferred_at": "date",
        "flags": "date",
        "amount_paise": "amount",
    }
    return list(dict.fromkeys(field for name, field in names.items() if getattr(hop, name) != getattr(corrected, name)))
