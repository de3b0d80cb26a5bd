"""What a bank is ordered to move nothing else takes; when a part goes home, the rest waits for a person or a court."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from activities.case.desk import correct_hop
from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.recovery import restoration_deadlines
from activities.recovery.confirmations import take_confirmation
from activities.recovery.orders import cancel_order
from domain.errors.case import HopOnHold, ResolvedMoneyOrdered
from domain.errors.restoration import NotReopenable
from schemas.case.discrepancies import HopCorrection, NewResolution
from schemas.enums import ResolutionDecision
from schemas.recovery.court_orders import NewCourtOrder
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from schemas.recovery.restorations import ReopenReason
from schemas.restoration_enums import RestorationVerb
from tests.activities.court_bench import confirmed_order
from tests.activities.hold_world import Holds
from tests.activities.restoration_bench import DESK, SP, SUPERVISOR, WHY, Home
from tests.factories import row, rrn, transfer

VERB = RestorationVerb
AGAIN = ReopenReason(reason="the holder has agreed")


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
    await restoration_deadlines.reopen(home.ctx, restoration, AGAIN, SP)
    assert await rounds(home, case_no) == [(1, "restored"), (2, "open")]
    assert [line[:2] for line in await lines(home, case_no)] == [(1, 1), (1, 2), (2, 2)]
    with pytest.raises(NotReopenable, match="is restored"):
        await restoration_deadlines.reopen(home.ctx, restoration, AGAIN, SP)
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
    await restoration_deadlines.reopen(home.ctx, restoration, AGAIN, SP)
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


RESOLVING_DESK, RESOLVING_SUPERVISOR = (
    ResolvingOfficer("officer:desk", supervises=False),
    ResolvingOfficer("officer:chief", supervises=True),
)


async def doubted(home: Home) -> str:
    """A case with ₹400 on hold at an account that was emptied before: a discrepancy says so."""
    root = rrn()
    case_no = await home.bench.complain(
        transfer(1000_00, reference=root, payee={"institution": "HDFC", "account": f"6{rrn()}"})
    )
    emptied: dict[str, Any] = {
        "root_effective_balance": "0.00",
        "transaction_datetime": "2026-11-24 10:00:00",
    }
    await home.bench.answer("HDFC", case_no, row(5, root, "600.00", **emptied))
    await home.bench.answer("HDFC", case_no, row(1, root, "400.00", transaction_datetime="2026-11-24 11:00:00"))
    await home.open_for_new_holds(case_no)
    return case_no


async def agree(home: Home, case_no: str) -> None:
    """The bank never held it: proposed by the desk, agreed to by the supervisor."""
    doubt = await home.bench.value("SELECT discrepancy_id FROM discrepancy WHERE case_no = $1", case_no)
    resolution = NewResolution(decision=ResolutionDecision.UPHELD_OTHER, reason="the bank was called")
    await resolve(home.ctx, doubt, resolution, RESOLVING_DESK)
    await resolve(home.ctx, doubt, resolution, RESOLVING_SUPERVISOR)


async def test_a_resolution_takes_nothing_that_a_bank_is_ordered_to_move(home: Home) -> None:
    case_no = await doubted(home)
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    with pytest.raises(ResolvedMoneyOrdered, match="40000 paise of hop 1"):
        await agree(home, case_no)
    (order_id,) = (await home.bench.rows("SELECT order_id FROM bank_order WHERE case_no = $1", case_no))[0]
    await cancel_order(home.ctx, order_id, "the bank has nothing", "officer:sp")
    await agree(home, case_no)
    assert (await home.bench.buckets(case_no)).get("held") is None
    await home.bench.check(case_no)


async def test_the_database_keeps_what_is_ordered(home: Home) -> None:
    case_no = await home.hold(400)
    await home.to_credit(await home.of(case_no))
    with pytest.raises(asyncpg.CheckViolationError, match="40000 paise of 39999 held"):
        await home.bench.pool.execute(
            "SELECT ledger_post($1, 'resolution', 'x', now(), ARRAY[1, 1], ARRAY['held', 'in_play'], ARRAY[-1, 1])",
            case_no,
        )


async def test_a_restoration_whose_money_a_resolution_takes_is_told(home: Home) -> None:
    case_no = await doubted(home)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    news = "SELECT count(*) FROM procedure_news WHERE workflow_id = 'restoration-' || $1::uuid"
    before = await home.bench.value(news, restoration)
    await agree(home, case_no)
    assert await home.bench.value(news, restoration) == before + 1
    assert await home.tick(restoration) == ["wind_up"]


async def test_what_a_bank_did_under_a_cancelled_order_is_not_booked_under_another(holds: Holds) -> None:
    """The order was cancelled, and its money ordered again, while the bank's statement was on its way."""
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id, 90)
    first = await the_order(holds, case_no)
    await cancel_order(holds.ctx, first, "the wrong document", "officer:sp")
    await holds.tick(hold_id)
    second = await the_order(holds, case_no)
    assert second != first
    said = await say(holds, first, 600_00)
    assert (said.applied, said.contradictions) == (0, 1)
    assert (await holds.bench.buckets(case_no))["held"] == 600_00
    assert (await say(holds, second, 600_00)).applied == 1
    assert await holds.bench.buckets(case_no) == {"lost": -600_00, "released": 600_00}


async def the_order(holds: Holds, case_no: str) -> UUID:
    found: UUID = await holds.bench.value(
        "SELECT order_id FROM bank_order WHERE case_no = $1 AND state <> 'cancelled'", case_no
    )
    return found


async def say(holds: Holds, order_id: UUID, paise: int) -> Any:
    line = ConfirmedLine(line_no=1, amount_paise=paise, done_at=holds.clock.at, reference="UTR1")
    return await take_confirmation(holds.ctx, "HDFC", order_id, OrderConfirmation(lines=(line,)), "bank:HDFC")


async def test_a_hop_with_money_on_hold_stays_at_its_account(home: Home) -> None:
    """Corrected to another account, its hold would have no clock and its holder no say."""
    root = rrn()
    case_no = await home.bench.complain(
        transfer(1000_00, reference=root, payee={"institution": "HDFC", "account": "7"})
    )
    await home.bench.answer("HDFC", case_no, row(1, root, "400.00"))
    other = HopCorrection.model_validate({"payee": {"institution": "ICIC", "account": "8"}, "reason": "told again"})
    with pytest.raises(HopOnHold, match="hop 1 names has 40000 paise"):
        await correct_hop(home.ctx, case_no, 1, other, "officer:desk")
    same = HopCorrection.model_validate(
        {"payee": {"institution": "HDFC", "account": "0007"}, "amount_paise": 900_00, "reason": "told again"}
    )
    await correct_hop(home.ctx, case_no, 1, same, "officer:desk")
    await home.bench.check(case_no)


async def test_a_cancelled_order_is_told_to_the_restorations_of_its_money(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    holds = Holds(home.ctx)
    holds.clock.at = home.clock.at
    await holds.tick(hold_id, 90)
    order_id = await the_order(holds, case_no)
    news = "SELECT count(*) FROM procedure_news WHERE workflow_id = 'restoration-' || $1::uuid"
    before = await home.bench.value(news, restoration)
    await cancel_order(home.ctx, order_id, "the wrong document", "officer:sp")
    assert await home.bench.value(news, restoration) == before + 1
