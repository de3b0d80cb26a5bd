"""Money on hold that a bank is ordered to move: nothing else takes it, or gives it to somebody else."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from activities.case.desk import correct_hop
from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.context import Context
from activities.recovery.confirmations import take_confirmation
from activities.recovery.orders import cancel_order
from domain.errors.case import HopOnHold, ResolvedMoneyOrdered
from schemas.case.discrepancies import HopCorrection, NewResolution
from schemas.enums import ResolutionDecision
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from tests.activities.hold_world import Holds
from tests.activities.restoration_bench import Home
from tests.factories import row, rrn, transfer

DESK, SUPERVISOR = (
    ResolvingOfficer("officer:desk", supervises=False),
    ResolvingOfficer("officer:chief", supervises=True),
)


@pytest.fixture
def home(ctx: Context) -> Home:
    return Home(ctx)


@pytest.fixture
def holds(ctx: Context) -> Holds:
    return Holds(ctx)


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
    await resolve(home.ctx, doubt, resolution, DESK)
    await resolve(home.ctx, doubt, resolution, SUPERVISOR)


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
