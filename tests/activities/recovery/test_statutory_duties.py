"""Duties: opened with the first hold, reminded of, escalated, done by a document or for a reason; each once."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from activities.case.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.recovery.firs import assign_officer
from activities.recovery.statutory_duties import care_for_duty, duty_done, finish_by_hand, open_duties, read_duties
from domain.errors import NotFound
from domain.errors.restoration import DutyDone
from schemas.case.police import NewOfficer
from schemas.procedures import RowState
from schemas.restoration_enums import DutyKind
from tests.activities.restoration_bench import Home
from tests.desk_tasks import notes

REPORT, FOLLOW_UP = DutyKind.MAGISTRATE_REPORT, DutyKind.FOLLOW_UP
_WHERE = "see to it under Police and courts in the case"
REPORT_DUE = f"the law asks for the report to the magistrate: {_WHERE}"
REPORT_OVERDUE = f"overdue: the report to the magistrate: {_WHERE}"
FOLLOW_UP_DUE = f"the law asks for the FIR and the seizure after the lien notice: {_WHERE}"


class Duties(Home):
    """A case with money on hold, and its duties' clocks."""

    async def case(self) -> str:
        case_no = await self.hold(5_000)
        await self.open(case_no)
        return case_no

    async def open(self, case_no: str) -> int:
        async with case_transaction(self.ctx, case_no, ENGINE) as work:
            return await open_duties(work)

    async def look_at(self, case_no: str) -> RowState:
        async with self.ctx.pool.acquire() as connection:
            return await read_duties(connection, case_no)

    async def care(self, case_no: str, what: str) -> None:
        async with case_transaction(self.ctx, case_no, ENGINE) as work:
            await care_for_duty(work, what)

    async def pass_time(self, case_no: str, wait: timedelta) -> list[str]:
        """Let time pass, and do what falls due, at its time, as the due list does."""
        until = self.clock.at + wait
        done = []
        while (dues := (await self.look_at(case_no)).dues) and dues[0].at <= until:
            self.clock.at = max(self.clock.at, dues[0].at)
            done.append(dues[0].what)
            await self.care(case_no, dues[0].what)
        self.clock.at = until
        return done

    async def done(self, case_no: str, kind: DutyKind, document_id: UUID | None = None) -> bool:
        async with case_transaction(self.ctx, case_no, "officer:io") as work:
            return await duty_done(work, kind, document_id=document_id)

    async def notes(self, case_no: str) -> list[str]:
        return sorted(await notes(self.bench.pool, "case_no = $1 AND kind = 'duty' AND state = 'open'", case_no))

    async def ended(self, case_no: str) -> bool:
        found: bool = await self.bench.value(
            "SELECT ended_at IS NOT NULL FROM procedure WHERE workflow_id = $1", f"duties-{case_no}"
        )
        return found


@pytest.fixture
def home(ctx: Context) -> Duties:
    return Duties(ctx)


async def test_a_hold_opens_the_duties_of_the_law_once(home: Duties) -> None:
    case_no = await home.case()
    assert await home.open(case_no) == 0
    rows = await home.bench.rows(
        "SELECT kind, due_at - opened_at, due_at - remind_at, escalate_at - due_at FROM duty WHERE case_no = $1"
        " ORDER BY due_at",
        case_no,
    )
    hour = timedelta(hours=1)
    assert rows == [
        ("magistrate_report", 24 * hour, 6 * hour, hour),
        ("follow_up", 72 * hour, 24 * hour, hour),
    ]
    assert await home.notes(case_no) == [FOLLOW_UP_DUE, REPORT_DUE]
    assert (await home.bench.events(case_no)).count("duty_opened") == 2


async def test_no_response_is_reminded_of_and_escalated_each_at_its_hour(home: Duties) -> None:
    case_no = await home.case()
    for duty, name in (("io", "io"), ("supervising", "sp")):
        await assign_officer(home.ctx, case_no, named(duty, name), "officer:chief")
    assert await home.pass_time(case_no, timedelta(hours=17, minutes=59)) == []
    assert await home.pass_time(case_no, timedelta(minutes=1)) == ["remind:magistrate_report"]
    assert await home.pass_time(case_no, timedelta(hours=6, minutes=59)) == []
    assert await home.pass_time(case_no, timedelta(minutes=1)) == ["escalate:magistrate_report"]
    assert await home.notes(case_no) == [REPORT_OVERDUE, FOLLOW_UP_DUE, REPORT_DUE]
    assert (await home.bench.events(case_no))[-1] == "duty_overdue"
    assert await home.pass_time(case_no, timedelta(days=30)) == ["remind:follow_up", "escalate:follow_up"]
    assert (await home.look_at(case_no)) == RowState(over=False, at="magistrate_report follow_up")
    told = await home.bench.rows(
        "SELECT to_whom, body LIKE '%was due%' FROM message WHERE case_no = $1 AND kind = 'duty_due'"
        " ORDER BY written_at",
        case_no,
    )
    assert told == [("io", False), ("officer", True)] * 2


async def test_a_duty_that_is_done_is_over_and_the_last_ends_the_clocks(home: Duties) -> None:
    case_no = await home.case()
    assert await home.done(case_no, REPORT)
    assert not await home.done(case_no, REPORT), "once"
    assert await home.notes(case_no) == [FOLLOW_UP_DUE]
    assert not await home.ended(case_no)
    assert await home.pass_time(case_no, timedelta(days=10)) == ["remind:follow_up", "escalate:follow_up"]
    done = await finish_by_hand(home.ctx, case_no, FOLLOW_UP, "sent by post", "officer:io")
    assert (done.done_by, done.done_at) == ("officer:io", home.clock.at)
    assert await home.notes(case_no) == []
    assert await home.ended(case_no)
    assert (await home.look_at(case_no)).over
    late = await home.bench.rows(
        "SELECT data->>'kind', (data->>'late')::boolean, data->>'reason' FROM case_event WHERE case_no = $1"
        " AND kind = 'duty_done' ORDER BY seq",
        case_no,
    )
    assert late == [("magistrate_report", False, ""), ("follow_up", True, "sent by post")]


async def test_what_is_due_is_done_once_and_never_after_the_duty(home: Duties) -> None:
    case_no = await home.case()
    await home.care(case_no, "remind:magistrate_report")
    assert (
        await home.bench.value("SELECT count(*) FROM duty WHERE case_no = $1 AND reminded_at IS NOT NULL", case_no) == 0
    )
    home.clock.at += timedelta(hours=30)
    for _ in range(2):
        await home.care(case_no, "escalate:magistrate_report")
    assert (await home.bench.events(case_no)).count("duty_overdue") == 1
    await home.done(case_no, FOLLOW_UP)
    home.clock.at += timedelta(days=9)
    await home.care(case_no, "escalate:follow_up")
    assert (await home.bench.events(case_no)).count("duty_overdue") == 1


async def test_what_cannot_be_done_by_hand(home: Duties) -> None:
    case_no = await home.hold(5_000)
    await home.bench.pool.execute("DELETE FROM duty WHERE case_no = $1", case_no)
    with pytest.raises(NotFound):
        await finish_by_hand(home.ctx, case_no, REPORT, "why", "officer:io")
    await home.open(case_no)
    await home.done(case_no, REPORT)
    with pytest.raises(DutyDone):
        await finish_by_hand(home.ctx, case_no, REPORT, "why", "officer:io")
    with pytest.raises(NotFound):
        await finish_by_hand(home.ctx, case_no, DutyKind.FIR_SIGNATURE, "why", "officer:io")


def named(duty: str, name: str, phone: str = "9000000001") -> NewOfficer:
    told = {"rank": "Inspector", "police_station": "Cyber Crime", "district": "LUCKNOW", "phone": phone}
    return NewOfficer.model_validate({"duty": duty, "subject": name, "name": name.upper(), **told})


async def test_an_officer_assigned_late_is_told_of_a_duty_without_an_earlier_reminder(home: Duties) -> None:
    case_no = await home.case()
    assert await home.pass_time(case_no, timedelta(hours=26)) == [
        "remind:magistrate_report",
        "escalate:magistrate_report",
    ]
    supervise = "case_no = $1 AND kind = 'supervise' AND state = 'open'"
    asked = await notes(home.bench.pool, supervise, case_no)
    assert asked == [REPORT_OVERDUE], "no officer supervises the case"
    for new in (named("io", "io"), named("supervising", "sp"), named("io", "other", "9000000002")):
        await assign_officer(home.ctx, case_no, new, "officer:chief")
    told = await home.bench.rows(
        "SELECT to_whom, address FROM message WHERE case_no = $1 AND kind = 'duty_due' ORDER BY to_whom, address",
        case_no,
    )
    assert told == [("io", "9000000001"), ("io", "9000000002"), ("officer", "9000000001")]
    await home.done(case_no, REPORT)
    assert await notes(home.bench.pool, supervise, case_no) == []
    await assign_officer(home.ctx, case_no, named("io", "third"), "officer:chief")
    written = "SELECT count(*) FROM message WHERE case_no = $1 AND kind = 'duty_due'"
    assert await home.bench.value(written, case_no) == len(told)


async def test_a_policy_that_changes_moves_no_duty_that_is_open(home: Duties) -> None:
    case_no = await home.case()
    before = await home.look_at(case_no)
    rules = home.ctx.policy.police
    changed = {
        kind: rule.model_copy(update={"due_seconds": rule.due_seconds * 2}) for kind, rule in rules.duties.items()
    }
    police = rules.model_copy(update={"duties": changed})
    object.__setattr__(home.ctx, "policy", home.ctx.policy.model_copy(update={"police": police}))
    assert await home.look_at(case_no) == before
    await home.open(case_no)
    assert await home.look_at(case_no) == before


async def test_a_document_that_is_none_ends_no_duty(home: Duties) -> None:
    case_no = await home.case()
    with pytest.raises(Exception, match="duty_document_id_fkey"):
        await home.done(case_no, REPORT, uuid4())
    assert await home.notes(case_no) == [FOLLOW_UP_DUE, REPORT_DUE]
