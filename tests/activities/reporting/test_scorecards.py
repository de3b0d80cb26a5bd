"""Whom the desk calls first, and the gauges by class of bank."""

import asyncio
import math
import random
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from activities.case.transaction import case_transaction
from activities.context import Context
from activities.reporting.scorecards import CALLS_MAX, CallDesk, ScoreGauges, span
from activities.work_items import task_owners
from api.params import LIMIT_MAX
from db.pool import Pool
from db.reporting.scorecards import by_class
from domain.banks.answering import BandCount, Curve, default_curve, fitted_curve
from domain.work_items.task_owners import Taker
from schemas.enums import AnswerClass, EscalationLevel, Role, TaskKind
from schemas.reporting.scorecards import Call, CallList
from schemas.tasks import NewTask, TaskCause, TaskSubject, about
from schemas.work_items.task_owners import Snooze
from tests.activities.bench import Bench
from tests.factories import institution, make_context, moved, row, rrn, transfer
from tests.officers import enrol

CLASSES = {"SBIN": "api", "HDFC": "api", "ICIC": "seat", "PUNB": "mail"}


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database, [institution(code, kind) for code, kind in CLASSES.items()])


@pytest.fixture
def bench(ctx: Context) -> Bench:
    return Bench(ctx)


def ago(**passed: float) -> str:
    return (datetime.now(UTC) - timedelta(**passed)).isoformat()


async def ask(bench: Bench, rupees: int, bank: str, **passed: float) -> str:
    """A case of one transfer that long ago, and its bank asked; returns the request's id."""
    told = transfer(rupees * 100, payee_bank=bank, transferred_at=ago(**passed))
    return (await bench.ask_one(await bench.complain(told))).request_id


def ids(found: CallList) -> list[str]:
    return [str(item.request_id) for item in found.items]


def only(found: CallList) -> Call:
    (item,) = found.items
    return item


# -- the order ---------------------------------------------------------------------------------------------------------


async def test_of_two_equals_the_fresher_the_larger_and_the_longer_silent_goes_first(bench: Bench) -> None:
    fresh = await ask(bench, 10_000, "SBIN", minutes=2)
    old = await ask(bench, 10_000, "SBIN", days=2)
    small = await ask(bench, 100, "SBIN", minutes=2)
    silent = await ask(bench, 10_000, "SBIN", minutes=2)
    await bench.pool.execute(
        "UPDATE hold_request SET delivered_at = delivered_at - interval '1 hour' WHERE request_id = $1", silent
    )
    found = await CallDesk(bench.ctx).calls(10)
    assert ids(found) == [silent, fresh, old, small]
    assert found.waiting_requests == 4
    assert ids(await CallDesk(bench.ctx).calls(2)) == [silent, fresh]


@pytest.mark.parametrize("who", ["child", "senior", "woman"])
async def test_m11_of_two_equals_the_call_for_a_child_an_elderly_person_or_a_woman_goes_first(
    bench: Bench, who: str
) -> None:
    victim = {"name": "A. Victim", "mobile": "9876543210", "district": "LUCKNOW", who: True}
    weight = getattr(bench.ctx.policy.call_list.persons, f"{who}_paise")
    asked = []
    complaints: list[tuple[int, dict[str, Any]]] = [
        (9_000_00, {"victim": victim}),
        (9_000_00 + weight // 2, {}),
        (9_000_00 + weight * 2, {}),
    ]
    for paise, whose in complaints:
        told = transfer(paise, payee_bank="SBIN", transferred_at=ago(minutes=2))
        asked.append((await bench.ask_one(await bench.complain(told, **whose))).request_id)
    found = await CallDesk(bench.ctx).calls(10)
    theirs, equal, larger = asked
    assert ids(found) == [larger, theirs, equal], "and a much larger sum goes before"
    assert [item.factors.person_paise for item in found.items] == [0, weight, 0]


async def test_many_who_look_at_once_cost_one_look(bench: Bench) -> None:
    await ask(bench, 10_000, "SBIN", minutes=2)
    desk = CallDesk(bench.ctx)
    first, *others = await asyncio.gather(*(desk.calls(limit) for limit in (3, 2, 1)))
    assert {found.as_of for found in others} == {first.as_of}
    assert CALLS_MAX >= LIMIT_MAX


async def test_the_factors_say_why(bench: Bench) -> None:
    request = await ask(bench, 10_000, "SBIN", minutes=10)
    found = await CallDesk(bench.ctx).calls(10)
    item, rules = only(found), bench.ctx.policy.call_list
    assert str(item.request_id) == request
    assert (item.institution.code, item.institution.nodal_officers[0].mobile) == ("SBIN", "9000000001")
    assert item.factors.in_play_paise == 10_000_00
    assert item.factors.still_there_share == pytest.approx(0.15, abs=0.01)
    waiting, horizon = item.waiting_seconds, rules.horizon_seconds
    curve = default_curve(rules.answering[AnswerClass.API], 1)
    assert item.factors.stays_silent_share == pytest.approx(curve.lasting_on(waiting, horizon))
    assert (item.factors.still_there_history, item.factors.stays_silent_history) == (0, 0)
    product = item.factors.in_play_paise * item.factors.still_there_share * item.factors.stays_silent_share
    assert item.likely_still_there_paise == round(product)
    assert found.horizon_seconds == horizon
    assert [(hop.in_play_paise, hop.holder) for hop in item.hops] == [(10_000_00, "50100000000001")]


async def test_what_is_answered_waits_for_no_call(bench: Bench) -> None:
    told, other = transfer(1000_00), transfer(400_00)
    case_no = await bench.complain(told, other)
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, told["rrn"], "700.00"))
    item = only(await CallDesk(bench.ctx).calls(10))
    assert (item.factors.in_play_paise, item.hop_count) == (700_00, 2)
    assert [hop.in_play_paise for hop in item.hops] == [400_00, 300_00]
    await bench.answer("HDFC", case_no, row(1, told["rrn"], "300.00"), row(1, other["rrn"], "400.00"))
    found = await CallDesk(bench.ctx).calls(10)
    assert (found.items, found.waiting_requests) == ((), 0)


async def test_a_call_names_its_phone_task(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1000_00))
    sent = await bench.ask_one(case_no)
    assert only(await CallDesk(bench.ctx).calls(10)).task_id is None
    await bench.escalate(case_no, sent, EscalationLevel.DESK_TASK)
    item = only(await CallDesk(bench.ctx).calls(10))
    assert item.level is EscalationLevel.DESK_TASK
    assert item.task_id == await bench.value("SELECT task_id FROM desk_task WHERE kind = 'phone_bank'")


async def test_a_call_says_who_has_it_comes_last_then_and_is_left_out_while_it_sleeps(bench: Bench) -> None:
    await enrol(bench.pool, ("ravi",), (Role.DESK,))
    large, small = await ask(bench, 50_000, "SBIN", minutes=2), await ask(bench, 100, "SBIN", minutes=2)
    case_no = await bench.value("SELECT case_no FROM hold_request WHERE request_id = $1", large)

    async def opened(cause: TaskCause) -> int:
        async with case_transaction(bench.ctx, case_no, "engine") as work:
            (task_id,) = await work.ask(
                NewTask(kind=TaskKind.PHONE_BANK, cause=cause, subject=about(TaskSubject.REQUEST, large))
            )
        return task_id

    def shown(found: CallList) -> list[tuple[Any, ...]]:
        return [(str(one.request_id), one.task_id, one.version, one.owner) for one in found.items]

    task_id, untouched = await opened(TaskCause.REQUEST_SILENT), (small, None, None, None)
    assert shown(await CallDesk(bench.ctx).calls(10)) == [(large, task_id, 0, None), untouched]
    by = Taker(officer_id="ravi", roles=frozenset({Role.DESK}), acts=None, within=None)
    claimed = (await task_owners.claim(bench.ctx, task_id, 0, by)).standing
    found = await CallDesk(bench.ctx).calls(10)
    assert shown(found) == [untouched, (large, task_id, 1, "ravi")]
    assert found.items[1].lease_ends_at == claimed.lease_ends_at
    body = Snooze(version=1, until=bench.ctx.now() + timedelta(hours=1))
    await task_owners.snooze(bench.ctx, task_id, body, by)
    found = await CallDesk(bench.ctx).calls(10)
    assert (shown(found), found.waiting_requests) == ([untouched], 1)
    missed = await opened(TaskCause.CALL_BACK_MISSED)
    assert shown(await CallDesk(bench.ctx).calls(10)) == [(large, missed, 0, None), untouched], "a new item is awake"


async def test_a_bank_that_refused_the_ticket_will_not_answer_it(bench: Bench) -> None:
    request = await ask(bench, 1000, "SBIN", minutes=2)
    await bench.pool.execute("UPDATE hold_request SET state = 'refused' WHERE request_id = $1", request)
    assert only(await CallDesk(bench.ctx).calls(10)).factors.stays_silent_share == 1


async def test_money_of_the_year_one_breaks_no_list(bench: Bench) -> None:
    await ask(bench, 1000, "SBIN", minutes=2)
    await bench.pool.execute("UPDATE hop SET transferred_at = '0001-01-01+00'")
    assert only(await CallDesk(bench.ctx).calls(10)).likely_still_there_paise == 0


# -- history -----------------------------------------------------------------------------------------------------------


async def past(bench: Bench, bank: str, dice: random.Random) -> None:
    """A case of the last weeks: asked at a bank, and answered in part, at once, late or never."""
    began = datetime.now(UTC) - timedelta(days=dice.uniform(1, 29))
    told = transfer(1000_00, payee_bank=bank, transferred_at=began.isoformat())
    case_no = await bench.complain(told)
    request = (await bench.ask_one(case_no)).request_id
    asked_at = began + timedelta(minutes=dice.uniform(1, 60))
    answered_at = asked_at + timedelta(seconds=dice.expovariate(1 / 3000)) if dice.random() < 0.7 else None
    if answered_at:
        left = began + timedelta(minutes=dice.uniform(1, 300))
        gone: dict[str, Any] = (
            {"transaction_datetime": left.isoformat()} if dice.random() < 0.9 else {"transaction_datetime": ""}
        )
        await bench.answer(
            bank,
            case_no,
            row(1, told["rrn"], "300.00", transaction_datetime=answered_at.isoformat()),
            moved(told["rrn"], "200.00", "SBIN", "30000000077", **gone),
            row(5, told["rrn"], "100.00", **gone),
        )
    await bench.pool.execute(
        "UPDATE hold_request SET sent_at = $2, delivered_at = $2, first_answered_at = $3 WHERE request_id = $1",
        request,
        asked_at,
        answered_at,
    )


async def history(ctx: Context, bank: str, now: datetime) -> tuple[list[tuple[float, bool]], list[tuple[float, bool]]]:
    """How long money lay at a bank, and how long it took to answer, each with whether that came to its end."""
    since = now - ctx.policy.call_list.history
    lines = await ctx.pool.fetch(
        "SELECT a.kind, a.occurred_at, a.received_at, h.transferred_at FROM answer a JOIN hop h"
        " ON h.case_no = a.case_no AND h.hop_no = a.hop_nos[1] WHERE a.institution = $1 AND a.applied_paise > 0",
        bank,
    )
    lasted = []
    for line in lines:
        end = min(line["occurred_at"] or line["received_at"], line["received_at"])
        if line["kind"] == "held" or line["occurred_at"]:
            lasted.append((max(0.0, (end - line["transferred_at"]).total_seconds()), line["kind"] != "held"))
    requests = await ctx.pool.fetch("SELECT * FROM hold_request WHERE institution = $1 AND sent_at >= $2", bank, since)
    waited = [
        (((r["first_answered_at"] or now) - r["delivered_at"]).total_seconds(), r["first_answered_at"] is not None)
        for r in requests
    ]
    return lasted, waited


def fit(ctx: Context, default: Curve, durations: list[tuple[float, bool]]) -> Curve:
    counts = []
    for seconds, ended in durations:
        band = bisect_right(default.starts, seconds) - 1
        counts.append(BandCount(band, 1, int(ended), seconds - default.starts[band]))
    return fitted_curve(default, counts, ctx.policy.call_list)


async def test_the_order_and_every_factor_are_what_the_domains_curves_say(bench: Bench) -> None:
    ctx, rules, dice = bench.ctx, bench.ctx.policy.call_list, random.Random(3)
    for _ in range(25):
        await past(bench, "HDFC", dice)
        await past(bench, "PUNB", dice)
    for _ in range(8):
        for bank in CLASSES:
            await ask(bench, dice.randint(600, 500_000), bank, seconds=10 ** dice.uniform(0, 6))
    # Two hops in one request, of different ages.
    case_no = await bench.complain(
        transfer(9_000_00, transferred_at=ago(minutes=1)), transfer(70_000_00, transferred_at=ago(days=1))
    )
    await bench.ask(case_no)
    found = await CallDesk(ctx).calls(500)
    curves = {}
    for bank, answer_class in CLASSES.items():
        lasted, waited = await history(ctx, bank, found.as_of)
        leaving = default_curve(rules.leaving, 1)
        answering = default_curve(rules.answering[AnswerClass(answer_class)], 1)
        curves[bank] = (fit(ctx, leaving, lasted), fit(ctx, answering, waited))
    assert curves["HDFC"][0].own_history > 25
    assert curves["HDFC"][1].own_history > 25
    assert curves["ICIC"][0].own_history == 0

    expected: dict[str, float] = {}
    for wait in await ctx.pool.fetch(
        "SELECT r.request_id, r.institution, r.delivered_at, h.transferred_at, b.balance_paise FROM hold_request r"
        " JOIN request_hop q USING (request_id) JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no"
        " JOIN ledger_balance b ON b.case_no = q.case_no AND b.hop_no = q.hop_no AND b.bucket = 'in_play'"
        " WHERE q.live AND b.balance_paise > 0"
    ):
        leaving, answering = curves[wait["institution"]]
        age = (found.as_of - wait["transferred_at"]).total_seconds()
        waiting = (found.as_of - wait["delivered_at"]).total_seconds()
        worth = wait["balance_paise"] * leaving.lasting(age) * answering.lasting_on(waiting, rules.horizon_seconds)
        key = str(wait["request_id"])
        expected[key] = expected.get(key, 0.0) + worth
    assert set(ids(found)) == set(expected)
    assert len(expected) > 40
    worths = [expected[request] for request in ids(found)]
    assert worths == sorted(worths, reverse=True)
    for item in found.items:
        assert item.likely_still_there_paise == pytest.approx(expected[str(item.request_id)], abs=1, rel=1e-6)
        leaving, answering = curves[item.institution.code]
        assert item.factors.still_there_history == leaving.own_history
        assert item.factors.stays_silent_history == answering.own_history


async def test_a_faster_clock_divides_every_wait(ctx: Context) -> None:
    factor = 600.0
    bench = Bench(replace(ctx, clock_factor=factor))
    await ask(bench, 10_000, "SBIN", seconds=1)
    found = await CallDesk(bench.ctx).calls(10)
    assert found.horizon_seconds == ctx.policy.call_list.horizon_seconds / factor
    assert only(found).factors.still_there_share <= 0.15
    over = span(bench.ctx, found.as_of - timedelta(days=1), found.as_of, found.as_of)
    assert over.reminder_seconds[AnswerClass.API] == 0.5


# -- the gauges --------------------------------------------------------------------------------------------------------


def shown(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("goldenhour_scorecard_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


async def test_the_gauges_are_by_class_and_nothing_is_nan(bench: Bench) -> None:
    registry = CollectorRegistry()
    gauges = ScoreGauges(registry)
    series = shown(registry)
    assert all(math.isnan(value) for value in series.values())
    told = transfer(1000_00, payee_bank="PUNB", reference=rrn())
    case_no = await bench.complain(told)
    await bench.ask(case_no)
    await bench.answer("PUNB", case_no, row(1, told["rrn"], "1000.00"))
    now = datetime.now(UTC)
    async with bench.pool.acquire() as connection:
        gauges.show(await by_class(connection, span(bench.ctx, now - timedelta(hours=1), now, now)))
    found = shown(registry)
    assert set(found) == set(series)
    assert found["requests", "mail"] == found["held_of_reachable_ratio", "mail"] == 1
    assert found["moved_before_ratio", "mail"] == found["requests", "api"] == 0
    assert math.isnan(found["silent_ratio", "api"])
    assert 0 <= found["delivered_to_answer_seconds", "mail", "0.99"] < 60
