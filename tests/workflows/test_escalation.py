"""Escalation without a response, level by level, for every class of bank; days pass in seconds.

The deadlines are those of the policy file. The tests read the clock of the workflow's history.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from activities.case.desk import escalate_request
from activities.case.intake import note_arrival
from activities.context import Context
from schemas.case.case_workflow import Escalate, FollowUp
from schemas.case.hold_requests import RequestStages
from schemas.enums import AnswerClass, EscalationLevel, RequestStage
from tests.factories import moved, row, rrn, transfer
from tests.workflows.conftest import CLASSES
from tests.workflows.stage import BY_QUEUE, Stage, stage_workers, staged
from tests.workflows.time_passing import let_pass
from workers.worker import Queues
from workflows import options

BANK_OF = {answer_class: code for code, answer_class in CLASSES.items()}
TOLERANCE_SECONDS = 30.0
"""time that the activities themselves take on the workflow's clock"""


@pytest.fixture
async def skipping(ctx: Context, time_skipping: TimeSkipper) -> AsyncIterator[Stage]:
    """A stage on which time passes while a case only waits."""
    async with staged(ctx, time_skipping.client) as stage:
        yield stage


@pytest.fixture
async def stepping(ctx: Context, time_skipping: TimeSkipper) -> AsyncIterator[Stage]:
    """A stage on which time passes by `fast_forward` only."""
    with time_skipping.with_time_skipping_disabled():
        async with staged(ctx, time_skipping.client) as stage:
            yield stage


async def waits(stage: Stage, case_no: str) -> list[tuple[str, float]]:
    """Return every level, and its seconds after the delivery or the previous level."""
    begun: list[tuple[str, datetime]] = [("delivered", await stage.delivered_at(case_no))]
    for at, order in await stage.scheduled(case_no, "escalate_request", Escalate):
        begun.append((order.level.value, at))
    return [(level, (at - before).total_seconds()) for (_, before), (level, at) in pairwise(begun)]


async def test_no_answer_reaches_every_level_when_the_policy_says(skipping: Stage) -> None:
    cases = {c: await skipping.complain(transfer(payee_bank=BANK_OF[c])) for c in AnswerClass}
    for answer_class, case_no in cases.items():
        await skipping.outcome(case_no)
        assert await skipping.levels(case_no) == [level.value for level in EscalationLevel]
        for (level, waited_seconds), expected in zip(await waits(skipping, case_no), EscalationLevel, strict=True):
            assert level == expected.value
            policy_seconds = skipping.ctx.policy.ladder[expected].after_seconds(answer_class)
            assert policy_seconds <= waited_seconds < policy_seconds + TOLERANCE_SECONDS, (answer_class, level)
        assert await skipping.buckets(case_no) == {"lost": -10_000_00, "untraced": 10_000_00}
        assert await skipping.state(case_no) == "settled"
        assert await skipping.open_tasks(case_no) == []
    letters = [f"{who}@{BANK_OF[c].lower()}.example" for c in AnswerClass for who in ("desk", "nodal")]
    assert sorted(to for to, _ in skipping.letters.sent) == sorted(letters)
    assert len(skipping.banks.attempts) == len(cases)


async def test_a_level_is_not_reached_a_moment_early(stepping: Stage, time_skipping: TimeSkipper) -> None:
    case_no = await stepping.complain()
    await stepping.until_row("delivered", "SELECT state FROM hold_request")
    reminder_seconds = stepping.ctx.policy.ladder[EscalationLevel.REMINDER].api_seconds
    # On a busy machine the workflow's clock may go on by a minute more than is asked for.
    await let_pass(time_skipping, stepping.handle(case_no), timedelta(seconds=reminder_seconds / 2))
    assert await stepping.levels(case_no) == []
    await let_pass(time_skipping, stepping.handle(case_no), timedelta(seconds=reminder_seconds / 2 + 5))
    await stepping.until_row("reminder", "SELECT level FROM hold_request")
    assert await stepping.levels(case_no) == ["reminder"]
    [(_, waited_seconds)] = await waits(stepping, case_no)
    assert waited_seconds >= reminder_seconds


@pytest.mark.parametrize(
    ("levels", "tasks"),
    [
        (1, []),
        (2, []),
        (3, ["phone_bank"]),
        (4, ["phone_bank", "supervise"]),
    ],
)
async def test_the_answer_ends_the_escalation_on_every_level(
    stepping: Stage, time_skipping: TimeSkipper, levels: int, tasks: list[str]
) -> None:
    root = rrn()
    case_no = await stepping.complain(transfer(reference=root))
    await stepping.until_row("delivered", "SELECT state FROM hold_request")
    reached = list(EscalationLevel)[:levels]
    for level in reached:
        wait_seconds = stepping.ctx.policy.ladder[level].api_seconds
        await let_pass(time_skipping, stepping.handle(case_no), timedelta(seconds=wait_seconds + 1))
        await stepping.until_row(level.value, "SELECT level FROM hold_request")
    assert await stepping.open_tasks(case_no) == tasks
    await stepping.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stepping.outcome(case_no)
    assert await stepping.levels(case_no) == [level.value for level in reached]
    assert await stepping.open_tasks(case_no) == []
    assert await stepping.buckets(case_no) == {"lost": -10_000_00, "held": 10_000_00}


async def test_a_part_of_the_answer_keeps_the_request_on_the_escalation(
    stepping: Stage, time_skipping: TimeSkipper
) -> None:
    first, second = rrn(), rrn()
    case_no = await stepping.complain(transfer(reference=first), transfer(reference=second))
    await stepping.until_row("delivered", "SELECT state FROM hold_request")
    await stepping.answer("HDFC", case_no, row(1, first, "10000.00"))
    await let_pass(time_skipping, stepping.handle(case_no), timedelta(seconds=305))
    await stepping.until_row("reminder", "SELECT level FROM hold_request")
    await stepping.answer("HDFC", case_no, row(1, second, "10000.00"))
    await stepping.outcome(case_no)
    assert await stepping.levels(case_no) == ["reminder"]


async def test_a_letter_that_cannot_be_sent_does_not_stop_the_escalation(skipping: Stage) -> None:
    skipping.letters.refused.update({"desk@hdfc.example", "nodal@hdfc.example"})
    case_no = await skipping.complain()
    await skipping.outcome(case_no)
    assert await skipping.levels(case_no) == [level.value for level in EscalationLevel]
    assert skipping.letters.sent == []
    reasons = await skipping.ctx.pool.fetch(
        "SELECT data->>'reason' AS reason FROM case_event WHERE kind = 'level_reached' AND data ? 'sent'"
    )
    assert [found["reason"] for found in reasons] == ["MailRefused", "MailRefused"]


async def test_banks_of_one_case_escalate_each_at_their_own_pace(stepping: Stage, time_skipping: TimeSkipper) -> None:
    case_no = await stepping.complain(*(transfer(payee_bank=bank) for bank in BANK_OF.values()))
    await stepping.until_row(3, "SELECT count(*) FROM hold_request WHERE state = 'delivered'")
    await let_pass(time_skipping, stepping.handle(case_no), timedelta(seconds=1810))
    await stepping.until_row(
        2,
        "SELECT count(*) FROM hold_request WHERE (institution, level) IN (('HDFC', 'desk_task'), ('ICIC', 'reminder'))",
    )
    assert await stepping.ctx.pool.fetchval("SELECT level FROM hold_request WHERE institution = 'PUNB'") is None


async def test_an_answer_that_comes_with_an_overdue_level_counts_as_an_answer(
    ctx: Context, temporal_client: Client
) -> None:
    """A revived case gets the answer in its first step, when no wait of the level is left."""
    root, other = rrn(), rrn()
    async with staged(ctx, temporal_client, queues=()) as stage:
        async with stage_workers(stage):
            case_no = await stage.complain(transfer(reference=root), transfer(reference=other, payee_bank="ICIC"))
            await stage.until_row(2, "SELECT count(*) FROM hold_request WHERE state = 'delivered'")
        await stage.handle(case_no).terminate("its next run is started by hand")
        await stage.ctx.pool.execute(
            "UPDATE hold_request SET sent_at = sent_at - interval '1 hour',"
            " delivered_at = delivered_at - interval '1 hour' WHERE institution = 'HDFC'"
        )
        await stage.start_from_database(case_no)
        await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
        async with stage_workers(stage):
            await stage.until_row("answered", "SELECT state FROM hold_request WHERE institution = 'HDFC'")
            await stage.answer("ICIC", case_no, row(1, other, "10000.00"))
            await stage.outcome(case_no)
        assert await stage.scheduled(case_no, "escalate_request", Escalate) == []


async def test_a_request_that_no_worker_can_send_is_escalated_meanwhile(
    ctx: Context, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker calls banks. When one does, the bank gets the request, and an officer's escalation applies there."""
    monkeypatch.setattr(options, "BANK_CALL_MINIMUM", timedelta(seconds=0.5))
    async with staged(impatient(ctx), temporal_client, queues=[Queues.CASE_WORK]) as stage:
        case_no = await stage.complain()
        await stage.until_row("reminder", "SELECT level FROM hold_request")
        assert stage.banks.attempts == []
        async with stage_workers(stage, [Queues.BANK_CALLS]):
            [request_id] = await stage.request_ids(case_no)
            done = await escalate_request(stage.ctx, case_no, request_id, "a pensioner", "officer:2")
            await stage.notify(done.follow_up)
            await stage.until_row("nodal_officer", "SELECT level FROM hold_request")
            await stage.until_asked(1)
    assert [code for code, _ in stage.banks.tickets] == ["HDFC"]


def impatient(ctx: Context) -> Context:
    """Return a context whose banks get a reminder at once; every other level is far away."""
    ladder = dict(ctx.policy.ladder)
    ladder[EscalationLevel.REMINDER] = ladder[EscalationLevel.REMINDER].model_copy(update={"api_seconds": 0.2})
    wire = {"retry_initial_seconds": 0.1, "retry_max_seconds": 0.1, "retry_for_seconds": 0.5}
    delivery = ctx.policy.delivery.model_copy(update=wire)
    return replace(ctx, policy=ctx.policy.model_copy(update={"ladder": ladder, "delivery": delivery}))


class At(SimpleNamespace):
    """A stage, and the traces of its requests."""

    stage: Stage
    traced: list[RequestStages]


@pytest.fixture(params=[(Queues.ALL,), BY_QUEUE], ids=["batch", "queue"])
async def at(request: pytest.FixtureRequest, ctx: Context, temporal_client: Client) -> AsyncIterator[At]:
    traced: list[RequestStages] = []
    async with staged(replace(ctx, trace=traced.append), temporal_client, request.param) as stage:
        yield At(stage=stage, traced=traced)


async def test_a_request_has_all_its_moments_from_a_start_and_from_a_signal(at: At) -> None:
    stage, root = at.stage, rrn()

    async def soon(follow_up: FollowUp | None) -> None:
        stage.notifier.soon(follow_up)

    stage.notify = soon  # type: ignore[method-assign] # as a process that has just committed
    note_arrival(datetime.now(UTC))
    case_no = await stage.complain(transfer(1000_00, reference=root))
    await stage.until(lambda: len(at.traced) == 1)
    note_arrival(datetime.now(UTC))
    line = moved(root, "1000.00", "ICIC", "000123456789", rrn_transaction_id=rrn())
    await stage.answer("HDFC", case_no, line)
    await stage.until(lambda: len(at.traced) == 2)
    for stages in at.traced:
        assert list(stages.moments) == list(RequestStage)
        ours = [stages.moments[one] for one in (RequestStage.RECEIVED, RequestStage.COMMITTED, RequestStage.SENT)]
        assert ours == sorted(ours)
    assert at.traced[0].moments[RequestStage.DELIVERED] < at.traced[1].moments[RequestStage.RECEIVED]


async def test_a_notification_by_the_sweep_has_no_commit_of_its_own(at: At) -> None:
    await at.stage.complain(transfer(1000_00))
    await at.stage.until(lambda: len(at.traced) == 1)
    missing = set(RequestStage) - set(at.traced[0].moments)
    assert missing == {RequestStage.RECEIVED, RequestStage.COMMITTED}
