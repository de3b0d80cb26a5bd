"""A desk with several officers, work items, and a clock that a test moves."""

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from typing import Any

from activities.case.transaction import case_transaction
from activities.context import Context
from activities.officers import enrolment
from activities.work_items import task_owners
from activities.work_items.task_rounds import TaskRounds
from db.work_items import task_filters, task_views
from db.work_items.task_filters import Wanted
from domain.work_items.task_owners import Taker, acts_of
from schemas.case.request_views import TaskView
from schemas.enums import Role, TaskKind
from schemas.events import EventKind
from schemas.officers.officers import Absence
from schemas.tasks import NewTask, TaskCause, TaskStanding, about_hop
from schemas.text import IST
from schemas.work_items.task_owners import PassOn, Snooze, TakeOver, TaskCounts, TaskSort, WithVersion
from tests.activities.bench import Bench
from tests.clock import Clock, at_clock
from tests.factories import rrn, transfer
from tests.officers import enrol

ALARMS = (
    "SELECT (facts->>'task_id')::bigint FROM desk_task WHERE kind = 'supervise' AND cause = 'task_unowned'"
    " AND state = 'open' AND facts->>'task_id' = ANY($1) ORDER BY 1"
)


def taker(officer_id: str, *roles: Role) -> Taker:
    """An officer of the whole State, of the desk by default."""
    having = frozenset(roles or {Role.DESK})
    return Taker(officer_id=officer_id, roles=having, acts=acts_of(having), within=None)


class TaskDesk:
    """Officers of the desk `a`, `b` and `c`, a supervisor `chief`, and cases with work items."""

    def __init__(self, ctx: Context) -> None:
        self.clock = Clock(ctx.now())
        self.ctx = at_clock(ctx, self.clock)
        self.bench = Bench(self.ctx)
        self.officers = {name: taker(name) for name in ("a", "b", "c")}
        self.officers["chief"] = taker("chief", Role.DESK, Role.SUPERVISOR)

    @property
    def rounds(self) -> TaskRounds:
        """Return rounds that have seen nothing yet, so that none is left out."""
        return TaskRounds(self.ctx)

    async def come(self) -> None:
        """Write the officers into the database."""
        await enrol(self.ctx.pool, ("a", "b", "c"), (Role.DESK,))
        await enrol(self.ctx.pool, ("chief",), (Role.DESK, Role.SUPERVISOR))

    def later(self, **wait: float) -> None:
        """Let time pass."""
        self.clock.at += timedelta(**wait)

    def at_noon(self) -> None:
        """Go to the next noon in India, so that no test crosses midnight by chance."""
        local = self.clock.at.astimezone(IST)
        noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
        self.clock.at = (noon if noon > local else noon + timedelta(days=1)).astimezone(UTC)

    # -- work items ----------------------------------------------------------------------------------------------------

    async def item(
        self, rupees: int = 100, kind: TaskKind = TaskKind.CORRECT_REFERENCE, **victim: Any
    ) -> tuple[str, int]:
        """A case in which so much is in play, with a work item about it; the numbers of both."""
        told = {"name": f"A. Victim {rrn()[-6:]}", "mobile": "9876543210", "district": "LUCKNOW"} | victim
        case_no = await self.bench.complain(transfer(rupees * 100, reference=rrn()), victim=told)
        async with case_transaction(self.ctx, case_no, "engine") as work:
            (task_id,) = await work.ask(about_hop(kind, TaskCause.REFERENCE_REFUSED, 1))
        return case_no, task_id

    async def of_case(self, case_no: str, kind: TaskKind, cause: TaskCause) -> int:
        """A further work item, about the case as a whole."""
        async with case_transaction(self.ctx, case_no, "engine") as work:
            (task_id,) = await work.ask(NewTask(kind=kind, cause=cause))
        return task_id

    async def close_by_engine(self, task_id: int) -> None:
        await self.ctx.pool.execute(
            "UPDATE desk_task SET state = 'closed', closed_at = $2, closed_by = 'engine', reason = 'it is done'"
            " WHERE task_id = $1 AND state = 'open'",
            task_id,
            self.clock.at,
        )

    # -- verbs ---------------------------------------------------------------------------------------------------------

    async def claim(self, who: str, task_id: int, version: int = 0) -> TaskStanding:
        return (await task_owners.claim(self.ctx, task_id, version, self.officers[who])).standing

    async def pass_on(
        self, who: str, task_id: int, version: int, to: str, note: str = "the shift ends"
    ) -> TaskStanding:
        body = PassOn(version=version, to=to, note=note)
        return (await task_owners.pass_on(self.ctx, task_id, body, self.officers[who], self.officers[to])).standing

    async def take_over(self, who: str, task_id: int, version: int) -> TaskStanding:
        body = TakeOver(version=version, reason="the victim is on the line")
        return await task_owners.take_over(self.ctx, task_id, body, self.officers[who])

    async def release(self, who: str, task_id: int, version: int) -> TaskStanding:
        return await task_owners.release(self.ctx, task_id, WithVersion(version=version), self.officers[who])

    async def snooze(
        self, who: str, task_id: int, version: int, minutes: int, event: EventKind | None = None
    ) -> TaskStanding:
        body = Snooze(version=version, until=self.clock.at + timedelta(minutes=minutes), for_event=event)
        return await task_owners.snooze(self.ctx, task_id, body, self.officers[who])

    async def act(self, who: str, case_no: str, kind: EventKind = EventKind.HOP_CORRECTED) -> None:
        """Write into the log of a case that an officer did something."""
        async with case_transaction(self.ctx, case_no, f"officer:{who}") as work:
            await work.log(kind, hop_no=1)

    async def leave(self, who: str, days: int = 1) -> None:
        """Write that an officer is absent from today on."""
        today: date = self.clock.at.astimezone(IST).date()
        absence = Absence(first_day=today, last_day=today + timedelta(days=days - 1))
        await enrolment.write_absences(self.ctx.pool, who, [absence], "command:test")

    async def disable(self, who: str) -> None:
        await enrolment.disable_officer(self.ctx.pool, who, "command:test")

    # -- sights --------------------------------------------------------------------------------------------------------

    async def seen(self, task_id: int) -> TaskView:
        """The work item as the list shows it."""
        (found,) = [one for one in await self.listed() if one.task_id == task_id]
        return found

    async def listed(self, sort: TaskSort = TaskSort.AGE, limit: int = 500, **wanted: Any) -> Sequence[TaskView]:
        async with self.ctx.pool.acquire() as connection:
            holidays = self.ctx.policy.bank_holidays
            found = Wanted(sort=sort, **wanted)
            return (await task_views.page(connection, found, None, limit, holidays, self.clock.at)).items

    async def counts(self) -> TaskCounts:
        async with self.ctx.pool.acquire() as connection:
            return await task_filters.counts(connection, Wanted(), self.clock.at)

    async def alarms(self, *task_ids: int) -> list[int]:
        """Those of the work items about which the supervisor has an open alarm."""
        return [task_id for (task_id,) in await self.bench.rows(ALARMS, [str(task_id) for task_id in task_ids])]

    async def logged(self, case_no: str, task_id: int) -> list[tuple[str, str, dict[str, Any]]]:
        """The events of the case about a work item: kind, actor and data without the item's own."""
        rows = await self.bench.rows(
            "SELECT kind, actor, data - 'task_id' - 'kind' FROM case_event WHERE case_no = $1"
            " AND (data->>'task_id')::bigint = $2 ORDER BY seq",
            case_no,
            task_id,
        )
        return [(kind, actor, data) for kind, actor, data in rows]
