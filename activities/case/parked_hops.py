"""Follow-up of hops that wait for the desk: remind the supervisor, try the directory again, write off.

Each function works on one case in one transaction and checks again under the case's lock, so it can be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from activities.case.batches import notify_case
from activities.case.corrections import apply_correction
from activities.case.hop_steps import key_of
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from db.case import events, hops, ledger, parked_hops
from db.case.events import Event
from domain.case.ledger import move_between
from domain.case.requests import EscalationPolicy, due_since
from domain.case.trail import first_state
from domain.errors import NotNow
from domain.errors.case import TransferBusy
from schemas.case.case_workflow import CaseNews, FollowUp, HopRef
from schemas.enums import Bucket, HopState, TaskKind
from schemas.events import EventKind
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
        found = [await hops.get(work.connection, case_no, hop_no) for hop_no in hop_nos]
        routable = [(hop, routed) for hop in found if (routed := _routed(ctx, hop))]
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
    found, _ = ctx.directory.current.resolve(hop.payee_institution_as_told, hop.payee_ifsc, hop.payee_holder, "payee")
    if found is None:
        return None
    state = first_state(routable=True, reference=hop.reference, flags=hop.flags)
    return hop.model_copy(update={"revision": hop.revision + 1, "institution": found.code, "state": state})
