"""Days on which courts hear restorations: recorded by officers, and told to the investigating officer before."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from activities.case.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.restoration_transitions import Work, restoration_transaction
from db.recovery import court_hearings
from domain.errors.court_orders import CourtHearingChanged, CourtHearingDayRefused, CourtHearingNotExpected
from domain.recovery.message_events import NotificationEvent
from domain.recovery.procedure import ORDERS_OF
from schemas.events import EventKind
from schemas.notifications import COURT_MAX_CHARS, MessageFacts
from schemas.recovery.court_hearings import DAYS_AHEAD_MAX, CourtHearings, NewCourtHearing
from schemas.restoration_enums import RestorationState
from schemas.text import IST


async def record(ctx: Context, restoration_id: UUID, new: NewCourtHearing, by: str) -> CourtHearings:
    """Record the day of a hearing in place of the one that stands, or that there is none.

    The same again changes nothing. Raises `NotFound`. Raises `NotNow` if the restoration waits for no court, if the
    officer saw another hearing than the one that stands, or for a day that has passed or is too far ahead.
    """
    async with restoration_transaction(ctx, restoration_id, by) as work:
        await _record(work, new)
        return await court_hearings.listed(work.connection, restoration_id)


async def _record(work: Work, new: NewCourtHearing) -> None:
    row, connection = work.row, work.connection
    if row.state is not RestorationState.OPEN or row.step not in ORDERS_OF:
        raise CourtHearingNotExpected(str(row.restoration_id))
    before = await court_hearings.standing(connection, row.restoration_id)
    if new.held_on is not None and before is not None and (before.held_on, before.court) == (new.held_on, new.court):
        return
    if new.seen != (before.court_hearing_id if before else None):
        raise CourtHearingChanged
    if before is not None:
        await court_hearings.end(connection, before.court_hearing_id, work.actor, new.reason, work.now)
    if new.held_on is None:
        if before is not None:
            await work.log(EventKind.COURT_HEARING_ENDED, held_on=before.held_on.isoformat(), reason=new.reason)
        return
    today = work.now.astimezone(IST).date()
    if not today <= new.held_on <= today + timedelta(days=DAYS_AHEAD_MAX):
        raise CourtHearingDayRefused(new.held_on, DAYS_AHEAD_MAX)
    court_hearing_id = await court_hearings.insert(
        connection, row.restoration_id, row.case_no, new.held_on, new.court, new.reason, work.actor, work.now
    )
    await work.log(
        EventKind.COURT_HEARING_RECORDED,
        court_hearing_id=court_hearing_id,
        held_on=new.held_on.isoformat(),
        court=new.court,
        reason=new.reason,
    )


async def tell_of_hearings(ctx: Context, case_no: str, court_hearing_ids: Sequence[int]) -> int:
    """Tell the investigating officer of a case of these hearings; return of how many."""
    async with case_transaction(ctx, case_no, ENGINE) as work:
        found = await court_hearings.untold(work.connection, case_no, court_hearing_ids)
        for hearing in found:
            facts = MessageFacts(
                occasion=f"court_hearing.{hearing.court_hearing_id}",
                until=datetime.combine(hearing.held_on, time.min, IST),
                court=hearing.court[:COURT_MAX_CHARS],
            )
            about = Concerned(case_no=case_no)
            await notify_people(work.connection, ctx, NotificationEvent.COURT_HEARING_NEAR, about, facts, work.now)
            await court_hearings.note_told(work.connection, hearing.court_hearing_id, work.now)
        return len(found)
