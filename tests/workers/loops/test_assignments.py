"""A case gets its officers by itself; where no officer is found a supervisor has a task; who leaves is replaced."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from activities.case.transaction import ENGINE
from activities.context import Context
from activities.officers import enrolment
from activities.recovery.firs import assign_officer
from db.case import case_outbox
from db.case.case_outbox import Deferral
from db.pool import Pool
from db.work_items import case_assignments
from schemas.case.police import NewOfficer
from schemas.enums import ProcedureKind, Role
from schemas.officers.officers import Absence, OfficerEntry
from schemas.text import IST
from tests.activities.restoration_bench import Home
from tests.desk_tasks import notes
from tests.factories import make_context, rrn, transfer
from workers.loops.procedures import ProcedureStarter

MISSING = "cause IN ('io_missing', 'supervising_missing') AND state = 'open'"
WHO = "SELECT duty, subject, assigned_by FROM case_officer WHERE case_no = $1 ORDER BY assignment_no, duty"


class Station(Home):
    """Cases, the officers who may get them, and the procedure starter."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        # The assignments need no Temporal.
        self.starter = ProcedureStarter(self.ctx, None)  # type: ignore[arg-type]

    async def officers(self, *names: str, role: Role = Role.IO, districts: Iterable[str] = ("LUCKNOW",)) -> None:
        entries = [
            OfficerEntry(
                officer_id=name,
                name=f"Officer {name}",
                rank="Inspector",
                station="Cyber Cell",
                mobile="9415000001",
                roles=(role,),
                districts=tuple(districts),
            )
            for name in names
        ]
        await enrolment.import_officers(self.bench.pool, entries, "command:test")

    async def case(self, district: str = "LUCKNOW") -> str:
        victim = {"name": "A. Victim", "mobile": "9876543210", "district": district}
        return await self.bench.complain(transfer(100_00, reference=rrn()), victim=victim)

    async def assign_due(self) -> int:
        """Do one round of assignments; return how many cases it attended to."""
        return await self.starter._assign(await self.starter._read_deferral())

    async def who(self, case_no: str) -> list[tuple[Any, ...]]:
        return await self.bench.rows(WHO, case_no)

    async def missing(self, case_no: str) -> list[str]:
        return sorted(await notes(self.bench.pool, f"case_no = $1 AND {MISSING}", case_no))

    async def absent(self, officer_id: str, days: int, *, starts_in: int = 0) -> None:
        today = self.clock.at.astimezone(IST).date() + timedelta(days=starts_in)
        leave = Absence(first_day=today, last_day=today + timedelta(days=days - 1))
        await enrolment.write_absences(self.bench.pool, officer_id, [leave], "command:test")

    def later(self, wait: timedelta) -> None:
        self.clock.at += wait


@pytest.fixture
async def station(database: Pool) -> Station:
    return Station(await make_context(database))


async def complete(station: Station) -> str:
    """A case with an IO, `a`, and a superintendent, `sp`."""
    await station.officers("sp", role=Role.SP)
    await station.officers("a")
    case_no = await station.case()
    await station.assign_due()
    assert await station.who(case_no) == [("io", "a", ENGINE), ("supervising", "sp", ENGINE)]
    return case_no


async def test_h3_a_case_gets_its_officers_by_itself_from_its_district(station: Station) -> None:
    await station.officers("elsewhere", districts=("AGRA",))
    case_no = await complete(station)
    assert await station.missing(case_no) == []
    (data,) = await station.bench.rows(
        "SELECT data - 'policy' FROM case_event WHERE case_no = $1 AND kind = 'officer_assigned'"
        " AND data->>'duty' = 'io'",
        case_no,
    )
    assert data[0] == {
        "duty": "io",
        "assignment_no": 1,
        "subject": "a",
        "because": "new",
        "on_shift": False,
        "candidates": 1,
    }
    assert await station.assign_due() == 0, "it has its officers, and the engine looks no more"


async def test_cases_are_shared_among_the_officers_of_a_district(station: Station) -> None:
    await station.officers("a", "b", "c")
    cases = [await station.case() for _ in range(7)]
    await station.assign_due()
    rows = await station.bench.rows(
        "SELECT subject, count(*) FROM case_officer WHERE duty = 'io' GROUP BY 1 ORDER BY 1"
    )
    assert sorted(count for _, count in rows) == [2, 2, 3]
    assert sum(count for _, count in rows) == len(cases)


async def test_h3_where_no_officer_is_found_a_supervisor_has_a_task_that_closes_itself(station: Station) -> None:
    await station.officers("sp", role=Role.SP)
    case_no = await station.case()
    await station.assign_due()
    wanted = "no investigating officer: no officer with the role answers for the district; assign one"
    assert await station.missing(case_no) == [wanted]
    assert (await station.bench.events(case_no)).count("officer_not_found") == 1
    assert await station.assign_due() == 0, "the next look comes later"
    station.later(timedelta(minutes=15))
    assert await station.assign_due() == 1
    assert await station.missing(case_no) == [wanted], "one task, however often it looks"
    await station.officers("a")
    station.later(timedelta(minutes=15))
    await station.assign_due()
    assert await station.missing(case_no) == []
    assert await station.who(case_no) == [("io", "a", ENGINE), ("supervising", "sp", ENGINE)]


async def test_a_new_case_is_looked_at_before_those_without_an_officer(station: Station) -> None:
    old = [await station.case("AGRA") for _ in range(3)]
    await station.assign_due()
    station.later(timedelta(hours=1))
    new = await station.case()
    now = station.clock.at + timedelta(hours=1)
    quiet = Deferral(now=now, until=now, until_for_traced=now, overdue=now)
    async with station.bench.pool.acquire() as connection:
        due = await case_assignments.due(connection, quiet, [], 2)
    assert due[0].case_no == new
    assert due[1].case_no in old


async def test_the_task_says_another_reason_when_the_reason_is_another(station: Station) -> None:
    await station.officers("sp", role=Role.SP)
    case_no = await station.case()
    await station.assign_due()
    await station.officers("a")
    await station.absent("a", 2)  # it may be midnight in between
    station.later(timedelta(minutes=15))
    await station.assign_due()
    (note,) = await station.missing(case_no)
    assert "are absent" in note


async def test_a_supervisors_assignment_stays_and_closes_the_task(station: Station) -> None:
    await station.officers("sp", role=Role.SP)
    case_no = await station.case()
    await station.assign_due()
    await station.assign(case_no, "io")
    assert await station.missing(case_no) == []
    await station.officers("a")
    station.later(timedelta(minutes=15))
    await station.assign_due()
    assert [row[:2] for row in await station.who(case_no) if row[0] == "io"] == [("io", "io")]


async def by_hand(station: Station, case_no: str, subject: str) -> None:
    who = {"duty": "io", "subject": subject, "name": "By Hand", "rank": "Inspector", "phone": "9000000009"}
    where = {"police_station": "Cyber Cell", "district": "LUCKNOW"}
    await assign_officer(station.ctx, case_no, NewOfficer.model_validate(who | where), "officer:chief")


async def test_a_supervisor_may_assign_an_officer_who_is_on_leave(station: Station) -> None:
    case_no = await complete(station)
    await station.officers("b")
    await station.absent("b", 10)
    station.later(timedelta(days=1))
    await by_hand(station, case_no, "b")
    station.later(timedelta(days=1))
    await station.assign_due()
    assert (await station.who(case_no))[-1] == ("io", "b", "officer:chief")


@pytest.mark.parametrize("how", ["disabled", "role_ended", "on_leave"])
async def test_h3_the_cases_of_an_officer_who_leaves_get_another_one(station: Station, how: str) -> None:
    case_no = await complete(station)
    await station.officers("b")
    station.later(timedelta(minutes=1))
    pool = station.bench.pool
    if how == "disabled":
        await enrolment.disable_officer(pool, "a", "command:test")
    elif how == "role_ended":
        await enrolment.end_role(pool, "a", Role.IO, "command:test")
    else:
        await station.absent("a", 4)
    station.later(timedelta(minutes=1))
    assert await station.assign_due() == 1
    assert (await station.who(case_no))[-1] == ("io", "b", ENGINE)
    because = "SELECT data->>'because' FROM case_event WHERE kind = 'officer_assigned' ORDER BY seq DESC LIMIT 1"
    assert await station.bench.value(because) == how
    assert await station.assign_due() == 0


async def test_an_officer_on_a_short_leave_keeps_the_cases_and_gets_no_new_ones(station: Station) -> None:
    case_no = await complete(station)
    await station.absent("a", 3)
    new = await station.case()
    await station.assign_due()
    assert [row[1] for row in await station.who(case_no)] == ["a", "sp"]
    (note,) = await station.missing(new)
    assert "are absent" in note


async def test_two_leaves_without_a_day_between_are_one(station: Station) -> None:
    case_no = await complete(station)
    await station.officers("b")
    today = station.clock.at.astimezone(IST).date()

    def day(number: int) -> date:
        return today + timedelta(days=number)

    leave = [Absence(first_day=day(0), last_day=day(1)), Absence(first_day=day(2), last_day=day(3))]
    station.later(timedelta(minutes=1))
    await enrolment.write_absences(station.bench.pool, "a", leave, "command:test")
    station.later(timedelta(minutes=1))
    await station.assign_due()
    assert (await station.who(case_no))[-1][1] == "b"


async def test_where_no_officer_can_replace_an_officer_the_supervisor_has_one_task(station: Station) -> None:
    case_no = await complete(station)
    station.later(timedelta(minutes=1))
    await enrolment.disable_officer(station.bench.pool, "a", "command:test")
    station.later(timedelta(minutes=1))
    await station.assign_due()
    (note,) = await station.missing(case_no)
    assert note.startswith("no investigating officer: ")
    await enrolment.enable_officer(station.bench.pool, "a", "command:test")
    station.later(timedelta(minutes=15))
    await station.assign_due()
    assert await station.missing(case_no) == [], "the officer is back"


async def test_a_case_that_is_over_keeps_its_history_and_asks_for_no_officer(station: Station) -> None:
    case_no = await complete(station)
    await station.bench.pool.execute(
        "UPDATE case_file SET state = 'settled', settled_at = opened_at WHERE case_no = $1", case_no
    )
    station.later(timedelta(minutes=1))
    await enrolment.disable_officer(station.bench.pool, "a", "command:test")
    station.later(timedelta(minutes=1))
    assert await station.assign_due() == 1
    assert await station.missing(case_no) == []
    assert await station.assign_due() == 0, "the engine looks no more"
    await station.officers("b")
    await station.bench.pool.execute(
        "UPDATE case_file SET state = 'open', settled_at = NULL, opening_no = opening_no + 1 WHERE case_no = $1",
        case_no,
    )
    station.later(timedelta(minutes=1))
    await station.assign_due()
    assert (await station.who(case_no))[-1] == ("io", "b", ENGINE)


SETTLE = "UPDATE case_file SET state = 'settled', settled_at = opened_at WHERE case_no = $1"
REOPEN = "UPDATE case_file SET state = 'open', settled_at = NULL, opening_no = opening_no + 1 WHERE case_no = $1"
LOOKS = "SELECT look_at IS NOT NULL FROM case_assignment WHERE case_no = $1"


async def begin_grievance(station: Station, case_no: str) -> None:
    async with station.bench.pool.acquire() as connection:
        await case_outbox.begin(connection, ProcedureKind.GRIEVANCE, "G-1", case_no, station.clock.at)


async def settled_before(station: Station) -> str:
    """A settled case of before the update: the engine has no row of it."""
    await station.officers("sp", role=Role.SP)
    await station.officers("a")
    case_no = await station.case()
    await station.bench.pool.execute(SETTLE, case_no)
    await station.bench.pool.execute("DELETE FROM case_assignment WHERE case_no = $1", case_no)
    assert await station.assign_due() == 0
    return case_no


async def test_a_case_settled_before_the_update_gets_its_officers_when_it_is_opened_again(station: Station) -> None:
    case_no = await settled_before(station)
    await station.bench.pool.execute(REOPEN, case_no)
    station.later(timedelta(minutes=1))
    assert await station.assign_due() == 1
    assert await station.who(case_no) == [("io", "a", ENGINE), ("supervising", "sp", ENGINE)]


async def test_a_case_settled_before_the_update_keeps_its_officers_when_it_is_opened_again(station: Station) -> None:
    case_no = await complete(station)
    await station.bench.pool.execute(SETTLE, case_no)
    await station.bench.pool.execute("DELETE FROM case_assignment WHERE case_no = $1", case_no)
    await station.bench.pool.execute(REOPEN, case_no)
    assert await station.bench.rows("SELECT io, supervising, look_at FROM case_assignment") == [("a", "sp", None)]


async def test_an_officer_assigned_by_hand_in_a_case_settled_before_the_update_stays(station: Station) -> None:
    case_no = await complete(station)
    await station.bench.pool.execute(SETTLE, case_no)
    await station.bench.pool.execute("DELETE FROM case_assignment WHERE case_no = $1", case_no)
    await by_hand(station, case_no, "b")
    assert await station.bench.rows("SELECT io, supervising FROM case_assignment") == [("b", "sp")]


async def test_a_procedure_in_a_case_settled_before_the_update_gets_its_officers(station: Station) -> None:
    case_no = await settled_before(station)
    await begin_grievance(station, case_no)
    station.later(timedelta(minutes=1))
    assert await station.assign_due() == 1
    assert await station.who(case_no) == [("io", "a", ENGINE), ("supervising", "sp", ENGINE)]


@pytest.mark.parametrize("again", [False, True])
async def test_a_procedure_in_a_case_that_is_over_replaces_the_officer_who_left(station: Station, again: bool) -> None:
    case_no = await complete(station)
    await station.bench.pool.execute(SETTLE, case_no)
    if again:
        await begin_grievance(station, case_no)
    await station.bench.pool.execute("UPDATE procedure SET ended_at = now(), due_at = NULL WHERE ended_at IS NULL")
    station.later(timedelta(minutes=1))
    await enrolment.disable_officer(station.bench.pool, "a", "command:test")
    station.later(timedelta(minutes=1))
    assert await station.assign_due() == 1
    assert await station.bench.value(LOOKS, case_no) is False, "the case is over and needs no officer"
    await station.officers("b")
    await begin_grievance(station, case_no)
    station.later(timedelta(minutes=1))
    await station.assign_due()
    assert (await station.who(case_no))[-1] == ("io", "b", ENGINE)


async def test_a_procedure_in_a_case_with_both_officers_lets_the_engine_look_no_more(station: Station) -> None:
    case_no = await complete(station)
    await begin_grievance(station, case_no)
    assert await station.bench.value(LOOKS, case_no) is False


async def test_one_officer_with_both_roles_gets_one_duty(station: Station) -> None:
    await station.officers("both", role=Role.IO)
    await enrolment.give_role(station.bench.pool, "both", Role.SP, None, None, "command:test")
    case_no = await station.case()
    await station.assign_due()
    assert [row[0] for row in await station.who(case_no)] == ["io"]
    (note,) = await station.missing(case_no)
    assert note.startswith("no supervising officer: ")


async def test_h3_the_database_refuses_an_engine_that_assigns_a_wrong_officer(station: Station) -> None:
    case_no = await complete(station)
    for wrong in ("nobody", "sp"):
        with pytest.raises(asyncpg.CheckViolationError):
            await by_engine(station, case_no, wrong)
    await station.officers("b")
    await station.absent("b", 2)
    with pytest.raises(asyncpg.CheckViolationError):
        await by_engine(station, case_no, "b")
    await enrolment.write_absences(station.bench.pool, "b", [], "command:test")
    await by_engine(station, case_no, "b")


async def by_engine(station: Station, case_no: str, subject: str) -> None:
    await station.bench.pool.execute(
        "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
        " assigned_by, assigned_at) VALUES ($1, 'io', 99, $2, 'A', 'Inspector', 'Cell', 'LUCKNOW', '', 'engine', $3)",
        case_no,
        subject,
        station.clock.at,
    )


async def test_m8_300_cases_that_fail_keep_no_other_waiting(station: Station) -> None:
    await station.officers("a")
    await station.officers("sp", role=Role.SP)
    good = await station.case()
    failing = [f"98{number:012}" for number in range(300)]
    # A case without a complaint fails: its district is not known.
    await station.bench.pool.execute(CASES_THAT_FAIL, good, failing)
    for _ in range(20):
        await station.assign_due()
        if await station.who(good):
            return
    pytest.fail("the case waits behind those that fail")


CASES_THAT_FAIL = """
INSERT INTO case_file SELECT (jsonb_populate_record(c, jsonb_build_object(
    'case_no', n, 'opened_at', c.opened_at - interval '1 hour'))).*
FROM case_file c CROSS JOIN unnest($2::text[]) AS n WHERE c.case_no = $1
"""
