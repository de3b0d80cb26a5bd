"""The engine's own share of the time from money on hold to the credit."""

from datetime import timedelta

from activities.recovery import grievance_decisions
from db.pool import Pool
from db.reporting.engine_waits import cases_on_hold, engine_waits, left_to_do
from schemas.enums import Role
from schemas.recovery.grievances import GrievanceDecided, GrievanceReport, NewGrievance
from schemas.restoration_enums import GrievanceDecision
from tests.activities.release_bench import make_io
from tests.activities.restoration_bench import Home, officer
from tests.factories import make_context


async def test_each_step_counts_from_the_moment_at_which_only_the_engine_had_to_act(database: Pool) -> None:
    home = Home(await make_context(database))
    async with database.acquire() as connection:
        assert await engine_waits(connection) == {}
        assert await left_to_do(connection) == 0
    case_no = await home.hold(300)
    home.clock.at += timedelta(seconds=20)
    await home.open_for_new_holds(case_no)
    async with database.acquire() as connection:
        assert await cases_on_hold(connection) == 1
    restoration_id = await home.of(case_no)
    await home.to_credit(restoration_id)
    await home.confirm(restoration_id)
    home.clock.at += timedelta(seconds=3)
    await home.tick(restoration_id)
    async with database.acquire() as connection:
        waits = await engine_waits(connection)
        assert await left_to_do(connection) > 0, "no process has started its procedures"
        assert await cases_on_hold(connection) == 0, "the money is credited"
    assert waits["credit_ended"] == [3.0]
    assert set(waits) >= {"hold_opened", "collecting_ended", "credit_ended"}
    assert waits["notice_ended"] == [1.0], "it counts from the end of the holder's time to contradict the waiver"
    assert all(seconds >= 0 for found in waits.values() for seconds in found)


async def test_the_end_of_a_notice_counts_from_the_decision_on_an_appeal(database: Pool) -> None:
    home = Home(await make_context(database))
    case_no = await home.hold(300)
    restoration_id = await home.of(case_no)
    await home.tick(restoration_id, 3)
    await home.apply(restoration_id)
    await home.verify(restoration_id)
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    filed = await grievance_decisions.file_grievance(
        home.ctx, hold_id, NewGrievance.model_validate({"text": "these are my wages", "language": "en"}), "holder"
    )
    await home.tick(restoration_id, 40)
    async with database.acquire() as connection:
        assert "notice_ended" not in await engine_waits(connection), "the appeal keeps it waiting"
    grievance_id = filed.grievance_id
    reported = GrievanceReport.model_validate({"kyc": "genuine", "finding": "a shop"})
    await grievance_decisions.report(home.ctx, grievance_id, reported, "bank:HDFC")
    await make_io(home.ctx.pool, case_no)
    told = {"level": "io", "decision": GrievanceDecision.UPHELD, "reason": "no wages", "released_paise": None}
    await grievance_decisions.decide(
        home.ctx, grievance_id, GrievanceDecided.model_validate(told), officer("io", Role.IO)
    )
    home.clock.at += timedelta(seconds=2)
    await home.tick(restoration_id)
    async with database.acquire() as connection:
        assert (await engine_waits(connection))["notice_ended"] == [2.0]
