"""Follow-up of hops that wait for the desk: remind the supervisor, try the directory again, write off.

Each function works on one case in one transaction and checks again under the case's lock, so it can be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from activities.cases.desk import apply_correction, key_of
from activities.context import Context
from db.cases import cases, events, hops, ledger, parked_hops, tasks
from db.cases.events import Event
from db.outbox import case_outbox
from db.pool import Connection
from domain.errors import NotNow
from domain.errors.cases import TransferBusy
from domain.escalation import EscalationPolicy, due_since
from domain.ledger import move_between
from domain.tracing.trail import first_state
from schemas.enums import Bucket, EventKind, HopState, TaskKind
from schemas.outbox.case import CaseNews, FollowUp, HopRef
from schemas.tasks import TaskCause, about_hop

ENGINE: Final = "engine"
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


async def remind(ctx: Context, case_no: str, hop_nos: Sequence[int], now: datetime) -> Done:
    """Remind the supervisor, once, of the hops that have waited long."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        await cases.hold(connection, case_no)
        due = await parked_hops.still(connection, case_no, hop_nos, remind_before(ctx, now), reminded=False)
        log = []
        for hop in due:
            task = about_hop(TaskKind.SUPERVISE, TaskCause.WAITS_FOR_DESK, hop.hop_no)
            opened = await tasks.open_tasks(connection, case_no, [task], now, institution=hop.institution)
            data = {"kind": task.kind.value, "hop_no": hop.hop_no, "institution": hop.institution}
            log += [Event(EventKind.TASK_OPENED, {"task_id": task_id, **data}) for task_id in opened]
        await parked_hops.mark_reminded(connection, case_no, [hop.hop_no for hop in due], now)
        await events.append(connection, case_no, now, ENGINE, log)
    return Done(len(due))


async def write_off(ctx: Context, case_no: str, hop_nos: Sequence[int], now: datetime) -> Done:
    """Close the hops that were not corrected in time. Their amount in play becomes untraced."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        await cases.hold(connection, case_no)
        due = await parked_hops.still(connection, case_no, hop_nos, write_off_before(ctx, now), reminded=True)
        if not due:
            return Done()
        for hop in due:
            await _write_off_hop(connection, case_no, hop, now)
        numbers = [hop.hop_no for hop in due]
        await hops.close(connection, case_no, numbers)
        questions = (TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION)
        await tasks.close_for_hops(connection, case_no, numbers, questions, now, WHY_WRITTEN_OFF)
        closed = tuple(HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in due)
        told = await case_outbox.insert(connection, case_no, now, CaseNews(news_id=0, closed=closed))
    return Done(len(due), (FollowUp(case_no=case_no, news=told),))


async def _write_off_hop(connection: Connection, case_no: str, hop: parked_hops.Waiting, now: datetime) -> None:
    entries = move_between(hop.hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, hop.in_play_paise)
    key = f"desk|{case_no}|{hop.hop_no}|{hop.revision}"
    await ledger.post(connection, case_no, "hop_written_off", key, now, entries)
    data = {
        "hop_no": hop.hop_no,
        "revision": hop.revision,
        "waited_as": hop.state.value,
        "institution": hop.institution,
        "placed": events.placed(entries),
        "reason": WHY_WRITTEN_OFF,
    }
    await events.append(connection, case_no, now, ENGINE, [Event(EventKind.HOP_WRITTEN_OFF, data)])


async def route_again(ctx: Context, case_no: str, hop_nos: Sequence[int], changed_at: datetime, now: datetime) -> Done:
    """Ask about the hops whose institution is now in the directory. The others wait for its next change.

    Call this with a directory read after `changed_at`. A hop stays with the desk if its transfer belongs to another
    hop.
    """
    follow_ups = []
    async with ctx.pool.acquire() as connection, connection.transaction():
        head = await cases.lock(connection, case_no)
        busy = set()
        found = [await hops.get(connection, case_no, hop_no) for hop_no in hop_nos]
        routable = [(hop, routed) for hop in found if (routed := _routed(ctx, hop))]
        # Take the hops in the order of their keys, in which everybody registers transfers. This avoids deadlocks.
        for hop, routed in sorted(routable, key=lambda pair: key_of(pair[1])):
            try:
                async with connection.transaction():
                    extra = {"fields": ["institution"], "reason": WHY_ROUTED}
                    follow_ups.append(await apply_correction(connection, ctx, head, hop, routed, now, ENGINE, extra))
            except TransferBusy:
                busy.add(hop.hop_no)
            except NotNow:
                continue
        await parked_hops.mark_looked_up(connection, case_no, [n for n in hop_nos if n not in busy], changed_at)
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
    state = first_state(routable=True, reference=hop.reference)
    return hop.model_copy(update={"revision": hop.revision + 1, "institution": found.code, "state": state})
