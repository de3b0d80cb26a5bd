"""A part has gone home and the rest does not: both are said, and the rest waits for a person or a court."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from activities.context import Context
from activities.recovery import restoration_refusals
from activities.recovery.confirmations import take_confirmation
from activities.recovery.orders import cancel_order
from domain.errors.restoration import NotReopenable
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from schemas.recovery.police import NewCourtOrder
from schemas.recovery.restorations import ReopenReason
from schemas.restoration_enums import RestorationVerb
from tests.activities.court_bench import confirmed_order
from tests.activities.restoration_bench import DESK, SP, SUPERVISOR, WHY, Home
from tests.factories import row, rrn

VERB = RestorationVerb
AGAIN = ReopenReason(reason="the holder has agreed")


@pytest.fixture
def home(ctx: Context) -> Home:
    return Home(ctx)


async def part_paid(home: Home) -> tuple[str, UUID]:
    """₹100 have gone home from the first account; ₹200 are on hold at the second, their order was taken back."""
    case_no, restoration, _ = await home.two_accounts()
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    orders = await home.bench.rows("SELECT order_id FROM bank_order WHERE case_no = $1 ORDER BY institution", case_no)
    said = ConfirmedLine(line_no=1, amount_paise=100_00, done_at=home.clock.at, reference="UTR1")
    await take_confirmation(home.ctx, "HDFC", orders[0][0], OrderConfirmation(lines=(said,)), "bank:HDFC")
    await cancel_order(home.ctx, orders[1][0], "another's money", "officer:sp")
    await home.tick(restoration)
    return case_no, restoration


async def lines(home: Home, case_no: str) -> list[Any]:
    return await home.bench.rows(
        "SELECT r.round_no, l.hop_no, l.excluded_as, l.excluded_by, l.excluded_reason, l.reopened_at IS NOT NULL"
        " FROM restoration_line l JOIN restoration r USING (restoration_id) WHERE l.case_no = $1 ORDER BY 1, 2",
        case_no,
    )


async def rounds(home: Home, case_no: str) -> list[Any]:
    await home.open_for_new_holds(case_no)
    return await home.bench.rows("SELECT round_no, state FROM restoration WHERE case_no = $1 ORDER BY 1", case_no)


async def tasks(home: Home, case_no: str) -> list[Any]:
    found = await home.bench.rows(
        "SELECT hop_no FROM desk_task WHERE case_no = $1 AND state = 'open' AND cause = 'more_of_excluded_on_hold'",
        case_no,
    )
    return [hop_no for (hop_no,) in found]


async def refused(home: Home) -> tuple[str, UUID]:
    case_no, restoration = await part_paid(home)
    await home.do(restoration, VERB.REFUSE, SP)
    await home.do(restoration, VERB.RECEIVE_BOND, DESK, "")
    return case_no, restoration


async def test_it_ends_saying_what_was_restored_and_what_was_refused_and_why(home: Home) -> None:
    case_no, restoration = await refused(home)
    assert await rounds(home, case_no) == [(1, "restored")], "what was refused is no next round"
    assert await lines(home, case_no) == [
        (1, 1, None, None, None, False),
        (1, 2, "refused", "officer:sp", WHY, False),
    ]
    (part,) = await home.events(case_no, "restoration_refused_in_part")
    assert (part["hop_nos"], part["outcome"], part["reason"]) == ([2], "refused", WHY)
    assert (part["restored_paise"], part["excluded_paise"]) == (100_00, 200_00)
    (closed,) = await home.events(case_no, "restoration_closed")
    assert (closed["restored_paise"], closed["excluded_paise"], closed["reason"]) == (100_00, 200_00, WHY)
    visit_no = await home.bench.value(
        "SELECT outcome FROM restoration_step WHERE restoration_id = $1 AND step = 'approval'"
        " ORDER BY visit_no DESC LIMIT 1",
        restoration,
    )
    assert visit_no == "refused"
    await home.check(case_no)


async def test_the_victim_is_told_of_both(home: Home) -> None:
    case_no, _ = await refused(home)
    (told,) = {one.body for one in await home.bench.said("rest_refused", case_no)}
    assert "100" in told
    assert "200" in told


async def test_what_a_court_refuses_after_a_part_was_paid_is_marked_with_its_order(home: Home) -> None:
    case_no = await home.hold(60_000)
    restoration = await home.of(case_no)
    await home.court_order(case_no, "bnss_503")
    await home.to_approval(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    said = ConfirmedLine(line_no=1, amount_paise=100_00, done_at=home.clock.at, reference="UTR1")
    await take_confirmation(home.ctx, "HDFC", order_id, OrderConfirmation(lines=(said,)), "bank:HDFC")
    await cancel_order(home.ctx, order_id, "the bank has closed its desk", "officer:sp")
    await home.tick(restoration)
    refusal = await home.court_order(case_no, "bnss_503", "refuse")
    assert await home.tick(restoration) == ["drop_order", "take_order"]
    assert (await home.at(restoration))[:2] == ("open", "bond")
    await home.do(restoration, VERB.RECEIVE_BOND, DESK)
    assert await rounds(home, case_no) == [(1, "restored")]
    assert await lines(home, case_no) == [(1, 1, "refused", "engine", f"court order {refusal}", False)]
    await home.check(case_no)


async def test_what_was_cancelled_after_a_part_was_paid_waits_too(home: Home) -> None:
    case_no, restoration = await part_paid(home)
    await home.do(restoration, VERB.CANCEL, SUPERVISOR)
    await home.do(restoration, VERB.RECEIVE_BOND, DESK)
    assert await rounds(home, case_no) == [(1, "restored")]
    assert (await lines(home, case_no))[1][2] == "cancelled"


async def test_an_officer_has_exactly_what_was_refused_reopened(home: Home) -> None:
    case_no, restoration = await refused(home)
    await restoration_refusals.reopen(home.ctx, restoration, AGAIN, SP)
    assert await rounds(home, case_no) == [(1, "restored"), (2, "open")]
    assert [line[:2] for line in await lines(home, case_no)] == [(1, 1), (1, 2), (2, 2)]
    with pytest.raises(NotReopenable, match="is restored"):
        await restoration_refusals.reopen(home.ctx, restoration, AGAIN, SP)
    second = await home.of(case_no, 2)
    await home.to_credit(second)
    assert ("restore", "restoration", "ICIC", 200_00) in await home.orders(case_no)
    await home.check(case_no)


async def test_a_court_has_what_was_refused_reopened(home: Home) -> None:
    case_no, _ = await refused(home)
    told = {"kind": "bnss_503", "effect": "restore", "court": "CJM Lucknow", "order_no": rrn(), "made_on": "2026-11-24"}
    await confirmed_order(home.ctx, case_no, NewCourtOrder.model_validate(told))
    assert await rounds(home, case_no) == [(1, "restored"), (2, "open")]
    assert (await lines(home, case_no))[1][-1], "it was reopened"


async def test_what_a_court_orders_home_while_its_round_is_open_is_in_the_next(home: Home) -> None:
    case_no, restoration = await part_paid(home)
    await home.do(restoration, VERB.REFUSE, SP)
    told = {"kind": "bnss_503", "effect": "restore", "court": "CJM Lucknow", "order_no": rrn(), "made_on": "2026-11-24"}
    home.clock.at += timedelta(minutes=1)
    await confirmed_order(home.ctx, case_no, NewCourtOrder.model_validate(told))
    assert await rounds(home, case_no) == [(1, "open")]
    await home.do(restoration, VERB.RECEIVE_BOND, DESK)
    assert await rounds(home, case_no) == [(1, "restored"), (2, "open")]
    assert [line[:2] for line in await lines(home, case_no)] == [(1, 1), (1, 2), (2, 2)]


async def test_more_on_hold_of_what_was_refused_is_a_persons_question(home: Home) -> None:
    case_no, restoration = await refused(home)
    root = await home.bench.value("SELECT reference FROM hop WHERE case_no = $1 AND hop_no = 2", case_no)
    await home.bench.answer("ICIC", case_no, row(1, root, "50.00", rrn_transaction_id=rrn()))
    assert await rounds(home, case_no) == [(1, "restored")]
    assert await tasks(home, case_no) == [2]
    await restoration_refusals.reopen(home.ctx, restoration, AGAIN, SP)
    assert await rounds(home, case_no) == [(1, "restored"), (2, "open")]
    assert await tasks(home, case_no) == []


async def test_the_database_lets_nothing_into_a_round_that_was_excluded(home: Home) -> None:
    case_no, restoration = await refused(home)
    with pytest.raises(asyncpg.CheckViolationError, match="is excluded and not reopened"):
        await home.bench.pool.execute(
            "INSERT INTO restoration_line (restoration_id, case_no, hop_no, hold_id)"
            " SELECT (SELECT restoration_id FROM restoration WHERE case_no <> $1 LIMIT 1), case_no, hop_no, hold_id"
            " FROM restoration_line WHERE restoration_id = $2 AND hop_no = 2",
            case_no,
            restoration,
        )
