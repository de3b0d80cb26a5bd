"""Signals to a case may come early, late, twice, out of order or about a past state."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from activities.case.desk import correct_hop, escalate_request, stop_request
from activities.context import Context
from domain.errors import NotNow
from schemas.case.case_workflow import CaseNews, FollowUp, HopBrief, HopRef
from schemas.case.discrepancies import HopCorrection
from schemas.enums import AnswerClass
from schemas.parties import Party
from tests.factories import moved, row, rrn, transfer
from tests.workflows.stage import Stage, stage_workers, staged

OFFICER = "officer:2"


def news(case_no: str, news_id: int = 10_000, **changes: object) -> FollowUp:
    return FollowUp(case_no=case_no, news=CaseNews.model_validate({"news_id": news_id, **changes}))


def brief(hop_no: int, revision: int = 0, institution: str = "HDFC") -> HopBrief:
    return HopBrief(
        hop_no=hop_no,
        revision=revision,
        institution=institution,
        answer_class=AnswerClass.API,
        disputed_paise=10_000_00,
        layer=1,
        transferred_at=datetime.now(UTC) - timedelta(minutes=5),
    )


async def test_news_that_come_before_the_case_was_started_start_it(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root), notify=False)
    await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "55", rrn_transaction_id=onward))
    await stage.until_asked(1)
    assert stage.banks.asked() == [("ICIC", [onward])]


async def test_everything_twice_is_everything_once(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    told = await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "55", rrn_transaction_id=onward))
    await stage.notify(told.follow_up)
    await stage.until_asked(2)
    await stage.notify(told.follow_up)
    last = await stage.answer("ICIC", case_no, row(1, onward, "10000.00"), notify=False)
    await stage.notify(last.follow_up)
    outcome = await stage.outcome(case_no)
    assert stage.banks.asked() == [("HDFC", [root]), ("ICIC", [onward])]
    assert (outcome.batches, outcome.requests) == (2, 2)
    await stage.notify(told.follow_up)
    assert await stage.state(case_no) == "settled"
    assert len(stage.banks.attempts) == 2


async def test_news_out_of_order_come_to_the_same(stage: Stage) -> None:
    """The second layer's answer overtakes the answer that opened it."""
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    first = await stage.answer(
        "HDFC", case_no, moved(root, "10000.00", "ICIC", "55", rrn_transaction_id=onward), notify=False
    )
    second = await stage.answer("ICIC", case_no, row(1, onward, "10000.00"), notify=False)
    await stage.notify(second.follow_up)
    await stage.notify(first.follow_up)
    await stage.outcome(case_no)
    assert stage.banks.asked() == [("HDFC", [root])]


async def test_what_is_told_of_an_older_revision_is_ignored(stage: Stage) -> None:
    wrong, right = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=wrong))
    await stage.until_asked(1)
    done = await correct_hop(stage.ctx, case_no, 1, HopCorrection(rrn=right, reason="misread"), OFFICER)
    await stage.notify(done.follow_up)
    await stage.until_asked(2)
    for stale in (
        {"opened": [brief(1, 0)]},
        {"parked": [HopRef(hop_no=1, revision=0)]},
        {"closed": [HopRef(hop_no=1, revision=0)]},
    ):
        await stage.notify(news(case_no, **stale))
    progress = await stage.progress(case_no)
    assert (progress.hops_to_ask, progress.hops_parked, len(progress.live_requests)) == ((), (), 1)
    await stage.answer("HDFC", case_no, row(1, right, "10000.00"))
    await stage.outcome(case_no)
    assert stage.banks.asked() == [("HDFC", [wrong]), ("HDFC", [right])]


async def test_a_hop_that_is_corrected_while_it_is_asked_goes_out_again(stage: Stage) -> None:
    wrong, right, other = rrn(), rrn(), rrn()
    case_no = await stage.complain(transfer(reference=wrong), transfer(reference=other))
    await stage.until_asked(1)
    done = await correct_hop(stage.ctx, case_no, 1, HopCorrection(rrn=right, reason="misread"), OFFICER)
    await stage.notify(done.follow_up)
    await stage.until_asked(2)
    assert stage.banks.asked() == [("HDFC", [wrong, other]), ("HDFC", [right])]
    # The first request continues for its other hop; an answer under it closes only that hop.
    await stage.answer("HDFC", case_no, row(1, other, "10000.00"))
    await stage.until_row("answered", "SELECT state FROM hold_request WHERE batch_no = 1")
    assert await stage.state(case_no) == "open"
    await stage.answer("HDFC", case_no, row(1, right, "10000.00"))
    await stage.outcome(case_no)


async def test_a_hop_that_is_corrected_to_another_bank_leaves_the_first_in_peace(stage: Stage) -> None:
    root = rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    correction = HopCorrection(payee=Party(institution="ICIC", account="61"), reason="the receipt names ICICI")
    done = await correct_hop(stage.ctx, case_no, 1, correction, OFFICER)
    await stage.notify(done.follow_up)
    await stage.until_asked(2)
    progress = await stage.progress(case_no)
    assert len(progress.live_requests) == 1
    assert stage.banks.asked() == [("HDFC", [root]), ("ICIC", [root])]
    await stage.answer("ICIC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)


async def test_a_wrong_reference_waits_for_the_desk_and_then_goes_out_again(stage: Stage) -> None:
    wrong, right = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=wrong))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, wrong, "10000.00", status_code="02"))
    await stage.until_row("correction", "SELECT state FROM hop WHERE hop_no = 1")
    progress = await stage.progress(case_no)
    assert (progress.hops_parked, progress.live_requests) == ((1,), ())
    assert await stage.open_tasks(case_no) == ["correct_reference"]
    done = await correct_hop(stage.ctx, case_no, 1, HopCorrection(rrn=right, reason="misread"), OFFICER)
    await stage.notify(done.follow_up)
    await stage.until_asked(2)
    await stage.answer("HDFC", case_no, row(1, right, "10000.00"))
    await stage.outcome(case_no)
    assert await stage.open_tasks(case_no) == []


async def test_a_refusal_that_overtakes_the_correction_of_the_same_hop_is_harmless(stage: Stage) -> None:
    """The bank refuses the corrected hop before the workflow knows of the correction."""
    wrong, right = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=wrong))
    await stage.until_asked(1)
    done = await correct_hop(stage.ctx, case_no, 1, HopCorrection(rrn=right, reason="misread"), OFFICER)
    refusal = await stage.answer("HDFC", case_no, row(1, right, "10000.00", status_code="03"), notify=False)
    await stage.notify(refusal.follow_up)
    await stage.notify(done.follow_up)
    progress = await stage.progress(case_no)
    assert (progress.hops_to_ask, progress.hops_parked, progress.live_requests) == ((), (1,), ())
    assert len(stage.banks.attempts) == 1


async def test_an_officer_who_will_not_wait_is_one_level(stage: Stage) -> None:
    case_no = await stage.complain()
    await stage.until_asked(1)
    await stage.until_row("delivered", "SELECT state FROM hold_request")
    [request_id] = await stage.request_ids(case_no)
    done = await escalate_request(stage.ctx, case_no, request_id, "an old man's savings", OFFICER)
    await stage.notify(done.follow_up)
    await stage.until_row("reminder", "SELECT level FROM hold_request")
    # The mark of the first notification was lost: the sweep sends it again.
    await stage.notify(done.follow_up)
    await stage.notify(news(case_no))
    await stage.progress(case_no)
    assert await stage.levels(case_no) == ["reminder"]
    again = await escalate_request(stage.ctx, case_no, request_id, "still nothing", OFFICER)
    await stage.notify(again.follow_up)
    await stage.until_row("nodal_officer", "SELECT level FROM hold_request")
    assert stage.letters.sent == [
        ("desk@hdfc.example", f"{request_id}.reminder"),
        ("nodal@hdfc.example", f"{request_id}.unanswered"),
    ]


async def test_nothing_is_given_up_by_an_officer_who_will_not_wait(stage: Stage) -> None:
    case_no = await stage.complain()
    await stage.until_asked(1)
    [request_id] = await stage.request_ids(case_no)
    told = []
    for level in ("reminder", "nodal_officer", "desk_task", "supervisor"):
        # The row has the level before the workflow knows of it: this escalation must not be lost.
        told.append((await escalate_request(stage.ctx, case_no, request_id, "still nothing", OFFICER)).follow_up)
        await stage.notify(told[-1])
        await stage.until_row(level, "SELECT level FROM hold_request")
    for again in told:
        await stage.notify(again)
    await asyncio.sleep(0.5)
    assert len((await stage.progress(case_no)).live_requests) == 1
    assert await stage.buckets(case_no) == {"lost": -10_000_00, "in_play": 10_000_00}
    assert await stage.open_tasks(case_no) == ["phone_bank", "supervise"]
    with pytest.raises(NotNow):
        await escalate_request(stage.ctx, case_no, request_id, "is there no officer above?", OFFICER)


async def test_escalating_a_request_that_does_not_exist_is_harmless(stage: Stage) -> None:
    case_no = await stage.complain()
    await stage.until_asked(1)
    await stage.notify(news(case_no, escalate_request_id="00000000-0000-0000-0000-000000000000"))
    assert len((await stage.progress(case_no)).live_requests) == 1
    assert await stage.levels(case_no) == []


async def test_a_stopped_request_is_over_and_its_money_untraced(stage: Stage) -> None:
    case_no = await stage.complain(transfer(), transfer(payee_bank="ICIC"))
    await stage.until_asked(2)
    request_ids = await stage.request_ids(case_no)
    done = await stop_request(stage.ctx, case_no, request_ids[0], "the bank was wound up", OFFICER)
    await stage.notify(done.follow_up)
    await stage.until_live(case_no, str(request_ids[1]))
    last = await stop_request(stage.ctx, case_no, request_ids[1], "and so was this one", OFFICER)
    await stage.notify(last.follow_up)
    await stage.outcome(case_no)
    assert await stage.buckets(case_no) == {"lost": -20_000_00, "untraced": 20_000_00}


async def test_a_late_answer_places_what_a_stopped_request_gave_up(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    [request_id] = await stage.request_ids(case_no)
    done = await stop_request(stage.ctx, case_no, request_id, "no answer by phone either", OFFICER)
    await stage.notify(done.follow_up)
    await stage.outcome(case_no)
    await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "9", rrn_transaction_id=onward))
    await stage.until_asked(2)
    await stage.answer("ICIC", case_no, row(1, onward, "10000.00"))
    await stage.outcome(case_no)
    assert await stage.buckets(case_no) == {"lost": -10_000_00, "held": 10_000_00}


async def test_signals_that_wait_for_a_worker_are_all_taken(ctx: Context, temporal_client: Client) -> None:
    """Changes collect while no worker runs, some about a request in the start itself."""
    root, onward, last = rrn(), rrn(), rrn()
    async with staged(ctx, temporal_client, queues=()) as stage:
        async with stage_workers(stage):
            case_no = await stage.complain(transfer(reference=root))
            await stage.until_asked(1)
            await stage.until_row("delivered", "SELECT state FROM hold_request")
        await stage.handle(case_no).terminate("by mistake")
        # The next change revives the case from the database; later ones wait with it.
        await stage.answer("HDFC", case_no, moved(root, "4000.00", "ICIC", "9", rrn_transaction_id=onward))
        await stage.answer("HDFC", case_no, moved(root, "6000.00", "ICIC", "9", rrn_transaction_id=last))
        async with stage_workers(stage):
            await stage.until(lambda: {r for _, rrns in stage.banks.asked() for r in rrns} == {root, onward, last})
            progress = await stage.progress(case_no)
            request_ids = await stage.request_ids(case_no)
            assert str(request_ids[0]) not in progress.live_requests
            await stage.answer("ICIC", case_no, row(1, onward, "4000.00"), row(1, last, "6000.00"))
            await stage.outcome(case_no)
