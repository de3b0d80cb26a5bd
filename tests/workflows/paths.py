"""Paths of a case, one function each: recorded by `record_histories.py`, replayed by `test_replay.py`."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio.testing import TimeSkipper

from activities.case.desk import correct_hop, escalate_request, stop_request
from schemas.case.case_workflow import CaseNews, FollowUp
from schemas.case.discrepancies import HopCorrection
from schemas.enums import EscalationLevel
from tests.factories import moved, row, rrn, transfer
from tests.workflows.stage import Stage
from tests.workflows.time_passing import let_pass

OFFICER = "officer:2"

SUGGEST_AFTER_EVENTS = 100
"""when the recording server suggests a new history; the suggestion is part of the history"""

Path = Callable[[Stage, TimeSkipper], Awaitable[str]]
"""runs a case to its end on a stage whose cases skip time on request; returns the case's number"""


async def plain(stage: Stage, _skipper: TimeSkipper) -> str:
    """Two layers, two banks in the second, all answered."""
    root, first, second = rrn(), rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer(
        "HDFC",
        case_no,
        moved(root, "6000.00", "ICIC", "11", rrn_transaction_id=first),
        moved(root, "4000.00", "PUNB", "12", rrn_transaction_id=second),
    )
    await stage.until_asked(3)
    await stage.until_row(3, "SELECT count(*) FROM hold_request WHERE delivered_at IS NOT NULL")
    await stage.answer("ICIC", case_no, row(1, first, "6000.00"))
    await stage.answer("PUNB", case_no, row(5, second, "4000.00"))
    await stage.outcome(case_no)
    return case_no


async def ladder(stage: Stage, skipper: TimeSkipper) -> str:
    """No response up to the supervisor, then the answer."""
    root = rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_row("delivered", "SELECT state FROM hold_request WHERE case_no = $1", case_no)
    for level in list(EscalationLevel)[:4]:
        wait_seconds = stage.ctx.policy.ladder[level].api_seconds
        await let_pass(skipper, stage.handle(case_no), timedelta(seconds=wait_seconds + 1))
        await stage.until_row(level.value, "SELECT level FROM hold_request WHERE case_no = $1", case_no)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)
    return case_no


async def give_up(stage: Stage, skipper: TimeSkipper) -> str:
    """No bank ever answers."""
    case_no = await stage.complain(transfer(payee_bank="PUNB"))
    await skipper.fast_forward(stage.handle(case_no))
    return case_no


async def correction(stage: Stage, _skipper: TimeSkipper) -> str:
    """A wrong reference, parked, corrected; then corrected again while a request about it is open."""
    wrong, less_wrong, right = rrn(), rrn(), rrn()
    case_no = await stage.complain(transfer(reference=wrong), transfer(payee_bank="No Such Sahkari"))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, wrong, "10000.00", status_code="02"))
    for count, reference in enumerate((less_wrong, right), start=2):
        done = await correct_hop(stage.ctx, case_no, 1, HopCorrection(rrn=reference, reason="misread"), OFFICER)
        await stage.notify(done.follow_up)
        await stage.until_asked(count)
    named = HopCorrection.model_validate({"payee": {"institution": "ICIC", "account": "13"}, "reason": "now named"})
    await stage.notify((await correct_hop(stage.ctx, case_no, 2, named, OFFICER)).follow_up)
    await stage.until_asked(4)
    await stage.answer("HDFC", case_no, row(1, right, "10000.00"))
    [other] = [ticket.incidents[0].rrn for code, ticket in stage.banks.tickets if code == "ICIC"]
    await stage.answer("ICIC", case_no, row(1, other, "10000.00"))
    await stage.outcome(case_no)
    return case_no


async def revive(stage: Stage, _skipper: TimeSkipper) -> str:
    """Closed, then the bank finds the money after all; the second run begins with this change."""
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00", status_code="01"))
    await stage.outcome(case_no)
    late = moved(root, "10000.00", "ICIC", "14", rrn_transaction_id=onward)
    told = await stage.answer("HDFC", case_no, late, notify=False)
    assert told.follow_up is not None
    # As the sweep does it: with the change alone the notifier starts the case.
    await stage.notify(told.follow_up.model_copy(update={"start": None}))
    await stage.until_asked(2)
    await stage.answer("ICIC", case_no, row(1, onward, "10000.00"))
    await stage.outcome(case_no)
    return case_no


async def continue_as_new(stage: Stage, _skipper: TimeSkipper) -> str:
    """A delivered, a reminded, an undelivered and a parked request continue in a new history."""
    references = [rrn() for _ in range(3)]
    stage.banks.down.add("PUNB")
    case_no = await stage.complain(
        *(transfer(reference=r, payee_bank=b) for r, b in zip(references, ("HDFC", "ICIC", "PUNB"), strict=True)),
        transfer(payee_bank="No Such Sahkari"),
    )
    await stage.until_row(2, "SELECT count(*) FROM hold_request WHERE case_no = $1 AND state = 'delivered'", case_no)
    [_, icic, _] = await stage.request_ids(case_no)
    await stage.notify((await escalate_request(stage.ctx, case_no, icic, "a pensioner", OFFICER)).follow_up)
    await stage.until_row("reminder", "SELECT level FROM hold_request WHERE request_id = $1", icic)
    run_id = (await stage.handle(case_no).describe()).run_id
    for _ in range(SUGGEST_AFTER_EVENTS // 2):
        await stage.notify(FollowUp(case_no=case_no, news=CaseNews(news_id=0)))
    await stage.until_run_is_new(case_no, run_id)
    stage.banks.down.clear()
    named = HopCorrection.model_validate({"payee": {"institution": "ICIC", "account": "13"}, "reason": "now named"})
    await stage.notify((await correct_hop(stage.ctx, case_no, 4, named, OFFICER)).follow_up)
    await stage.until_row(4, "SELECT count(*) FROM hold_request WHERE case_no = $1 AND state = 'delivered'", case_no)
    for request_id in await stage.request_ids(case_no):
        await stage.notify((await stop_request(stage.ctx, case_no, request_id, "wound up", OFFICER)).follow_up)
    await stage.outcome(case_no)
    return case_no


async def unreachable(stage: Stage, skipper: TimeSkipper) -> str:
    """The interface fails for the whole retry window and beyond the reminder; then the bank recovers."""
    root = rrn()
    stage.banks.down.add("HDFC")
    case_no = await stage.complain(transfer(reference=root))
    await let_pass(skipper, stage.handle(case_no), timedelta(seconds=stage.ctx.policy.delivery.retry_for_seconds))
    await stage.until_row("reminder", "SELECT level FROM hold_request WHERE case_no = $1", case_no)
    stage.banks.down.clear()
    await let_pass(skipper, stage.handle(case_no), timedelta(seconds=stage.ctx.policy.delivery.retry_max_seconds + 1))
    await stage.until_row("delivered", "SELECT state FROM hold_request WHERE case_no = $1", case_no)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)
    return case_no


async def answered_while_trying(stage: Stage, _skipper: TimeSkipper) -> str:
    """The answer comes during the retries; the hop that it opens is asked about, and stopped."""
    root, onward = rrn(), rrn()
    stage.banks.down.add("HDFC")
    case_no = await stage.complain(transfer(reference=root))
    await stage.until(lambda: len(stage.banks.attempts) > 1)
    await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "15", rrn_transaction_id=onward))
    stage.banks.down.clear()
    await stage.until_asked(1)
    [_, icic] = await stage.request_ids(case_no)
    await stage.notify((await stop_request(stage.ctx, case_no, icic, "wound up", OFFICER)).follow_up)
    await stage.outcome(case_no)
    return case_no


async def refused(stage: Stage, skipper: TimeSkipper) -> str:
    """The bank refuses the ticket; the desk gets a task, escalation continues, and the bank answers on its own."""
    root = rrn()
    stage.banks.refuse["HDFC"] = "77"
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_row("refused", "SELECT state FROM hold_request WHERE case_no = $1", case_no)
    await let_pass(skipper, stage.handle(case_no), timedelta(seconds=310))
    await stage.until_row("reminder", "SELECT level FROM hold_request WHERE case_no = $1", case_no)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)
    return case_no


async def paused(stage: Stage, _skipper: TimeSkipper) -> str:
    """An answer opens a hop while requests are paused; the workflow has the request planned after the pause."""
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    told = moved(root, "10000.00", "ICIC", "16", rrn_transaction_id=onward)
    async with stage.paused(case_no):
        await stage.answer("HDFC", case_no, told, notify=False)
    await stage.until_asked(2)
    await stage.until_row(2, "SELECT count(*) FROM hold_request WHERE delivered_at IS NOT NULL")
    await stage.answer("ICIC", case_no, row(1, onward, "10000.00"))
    await stage.outcome(case_no)
    return case_no


PATHS: tuple[Path, ...] = (
    plain,
    ladder,
    give_up,
    correction,
    revive,
    continue_as_new,
    unreachable,
    answered_while_trying,
    refused,
    paused,
)
