"""A bank that says when it calls back is not telephoned before, and a silent one is escalated."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from activities.case import call_backs, outbox
from activities.case.outbox import SweepActivities
from activities.context import Context
from db.pool import Pool
from db.reporting import call_list
from domain.banks.answering import Curve
from schemas.case.case_workflow import FollowUp
from schemas.enums import EscalationLevel
from tests.activities.bench import Bench
from tests.activities.case.telephone import held, request_of, said
from tests.activities.told import a_case
from tests.clock import Clock, at_clock
from tests.desk_tasks import notes
from tests.factories import make_context, row

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OPEN = "case_no = $1 AND state = 'open'"
_CURVE = Curve(starts=(0.0,), rates=(0.0001,), sums=(0.0,), own_history=0)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC) + MINUTE)


@pytest.fixture
def bench(ctx: Context, clock: Clock) -> Bench:
    """A bench whose time a test moves."""
    return Bench(at_clock(ctx, clock))


async def silent(bench: Bench) -> tuple[str, str]:
    """A case of ₹1,000 whose bank the desk is asked to telephone; its number and reference."""
    case_no, root = await a_case(bench)
    sent = await bench.ask_one(case_no)
    await bench.escalate(case_no, sent, EscalationLevel.DESK_TASK)
    assert await bench.tasks(case_no) == [("phone_bank", None)]
    return case_no, root


async def attend(bench: Bench, case_no: str) -> int:
    """Act on what is due of the case's promised calls, as the sweep does; how many were acted on."""
    ids = await bench.rows("SELECT call_back_id FROM call_back WHERE case_no = $1", case_no)
    return (await call_backs.attend(bench.ctx, case_no, [call_back_id for (call_back_id,) in ids])).hops


async def ended(bench: Bench, case_no: str) -> list[str | None]:
    found = await bench.rows("SELECT ended_as FROM call_back WHERE case_no = $1 ORDER BY call_back_id", case_no)
    return [as_what for (as_what,) in found]


async def test_a_promised_call_puts_the_work_item_off_and_a_missed_one_escalates(bench: Bench, clock: Clock) -> None:
    case_no, _ = await silent(bench)
    taken = await said(bench, case_no, call_back=HOUR)
    assert (taken.accepted, taken.hops_open) == (0, (1,))
    assert await bench.tasks(case_no) == []
    clock.at += HOUR + MINUTE
    assert await attend(bench, case_no) == 0, "a call may be some minutes late"
    clock.at += timedelta(seconds=bench.ctx.policy.telephone.call_again_after_seconds)
    assert [await attend(bench, case_no), await attend(bench, case_no)] == [1, 0]
    assert await bench.tasks(case_no) == [("phone_bank", None)]
    (note,) = await notes(bench.pool, OPEN, case_no)
    assert note.startswith("HDFC said that it calls back at ")
    clock.at += timedelta(seconds=bench.ctx.policy.telephone.supervise_after_seconds) + MINUTE
    assert [await attend(bench, case_no), await attend(bench, case_no)] == [1, 0]
    assert await bench.tasks(case_no) == [("phone_bank", None), ("supervise", None)]
    assert await ended(bench, case_no) == ["missed"]
    assert (await bench.events(case_no)).count("task_opened") == 2
    await bench.check(case_no)


async def test_no_level_asks_the_desk_to_telephone_before_the_promised_call(bench: Bench) -> None:
    case_no, _ = await a_case(bench)
    sent = await bench.ask_one(case_no)
    await said(bench, case_no, call_back=HOUR)
    await bench.escalate(case_no, sent, EscalationLevel.DESK_TASK)
    assert await bench.tasks(case_no) == []
    await bench.escalate(case_no, sent, EscalationLevel.SUPERVISOR)
    assert await bench.tasks(case_no) == [("supervise", None)], "a promise does not stop the escalation"


async def test_a_bank_that_calls_ends_its_promise_and_may_promise_again(bench: Bench, clock: Clock) -> None:
    case_no, _ = await silent(bench)
    await said(bench, case_no, held(400), call_back=HOUR)
    await said(bench, case_no, call_back=2 * HOUR)
    assert await ended(bench, case_no) == ["called", None]
    await said(bench, case_no, held(1000))
    assert await ended(bench, case_no) == ["called", "called"]
    clock.at += 3 * HOUR
    assert await attend(bench, case_no) == 0
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    await bench.check(case_no)


async def test_no_officer_telephones_about_a_request_that_was_answered_meanwhile(bench: Bench, clock: Clock) -> None:
    case_no, root = await silent(bench)
    await said(bench, case_no, call_back=HOUR)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    clock.at += 2 * HOUR
    assert await attend(bench, case_no) == 1
    assert (await ended(bench, case_no), await bench.tasks(case_no)) == (["answered"], [])
    await bench.check(case_no)


async def test_the_call_list_leaves_the_request_out_until_then(bench: Bench, clock: Clock) -> None:
    case_no, _ = await silent(bench)
    request_id = await request_of(bench, case_no)

    async def listed() -> list[UUID]:
        habits = {bank: call_list.Habit(_CURVE, _CURVE) for bank in ("HDFC", "ICIC", "SBIN", "PUNB")}
        holidays, persons = bench.ctx.policy.bank_holidays, bench.ctx.policy.call_list.persons
        async with bench.pool.acquire() as connection:
            found = await call_list.calls(connection, habits, clock.at, 600, 10_000, holidays, persons)
        own = [call for call in found.items if call.request_id == request_id]
        for call in own:
            assert call.enter_at == f"/api/v1/cases/{case_no}/requests/{request_id}/telephone-answers"
        return [call.request_id for call in own]

    assert await listed() == [request_id]
    await said(bench, case_no, call_back=HOUR)
    assert await listed() == []
    clock.at += HOUR + MINUTE
    assert await listed() == [request_id]


async def test_the_sweep_finds_what_is_due(database: Pool, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    bench = Bench(at_clock(await make_context(database), clock))
    case_no, _ = await silent(bench)
    await said(bench, case_no, call_back=HOUR)

    async def notify(_: FollowUp) -> None:
        pass

    sweep = SweepActivities(bench.ctx, notify)
    assert (await sweep.sweep_outbox()).call_backs_attended == 0
    clock.at += 2 * HOUR
    assert [(await sweep.sweep_outbox()).call_backs_attended for _ in range(2)] == [1, 0]
    assert ("phone_bank", None) in await bench.tasks(case_no)
