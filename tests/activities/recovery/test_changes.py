"""Changes to a victim's money during its restoration: nothing goes beyond an order or an allocation."""

from uuid import UUID

import pytest

from activities.recovery.confirmations import take_confirmation
from activities.recovery.court_orders import confirm_withdrawal, withdraw_court_order
from activities.recovery.hold_releases import record_small_hold_decision
from activities.recovery.orders import cancel_order
from domain.errors.recovery import NotSmallHold
from domain.errors.restoration import CourtOrderSuperseded, CourtOrderUsedUp
from schemas.enums import Role
from schemas.recovery.court_orders import NewCourtOrder
from schemas.recovery.holds import NewSmallHoldDecision, SmallHoldDecision
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from schemas.restoration_enums import RestorationVerb, Step
from tests.activities.court_bench import confirmed_order
from tests.activities.hold_world import Holds
from tests.activities.restoration_bench import DAY, Home, officer
from tests.factories import row, rrn, transfer

LARGE = 60_000
"""rupees: above the threshold of the police's own order"""
INSPECTOR = officer("io", Role.IO)

KEPT = "SELECT retained_by_kind || ' ' || retained_by_id FROM account_hold WHERE case_no = $1"


class Two:
    """A complaint of two transfers to HDFC, of ₹`each`; to one account, or to two."""

    def __init__(self, home: Home, each: int, accounts: tuple[str, str]) -> None:
        self.home, self.each, self.accounts, self.roots = home, each, accounts, (rrn(), rrn())

    async def told(self) -> str:
        transfers = (
            transfer(self.each * 100, reference=root, payee={"institution": "HDFC", "account": account})
            for root, account in zip(self.roots, self.accounts, strict=True)
        )
        return await self.home.bench.complain(*transfers)

    async def held(self, case_no: str, *hop_nos: int, rupees: int | None = None) -> None:
        lines = (row(1, self.roots[hop_no - 1], f"{rupees or self.each}.00") for hop_no in hop_nos)
        await self.home.bench.answer("HDFC", case_no, *lines)
        await self.home.open_for_new_holds(case_no)


def apart() -> tuple[str, str]:
    return f"5{rrn()}", f"6{rrn()}"


async def to_approval(home: Home, restoration: UUID) -> None:
    """Under an order of a court that is there already."""
    await home.to_approval(restoration)
    await home.tick(restoration)
    assert (await home.at(restoration))[1] == "approval"


# -- orders of courts --------------------------------------------------------------------------------------------------


async def test_two_restorations_together_do_not_go_beyond_an_order(home: Home) -> None:
    """Both were made ready under one order, for a sum that covers one of them."""
    two = Two(home, LARGE, apart())
    case_no = await two.told()
    await two.held(case_no, 1)
    order_id = await home.court_order(case_no, "bnss_497", paise=LARGE * 100)
    first = await home.of(case_no)
    await to_approval(home, first)
    await two.held(case_no, 2)
    second = await home.of(case_no, 2)
    await to_approval(home, second)
    await home.prepare(first)
    await home.prepare(second)
    await home.approve(first)
    with pytest.raises(CourtOrderUsedUp, match=f"Court order {order_id}"):
        await home.approve(second)


async def test_an_order_whose_sum_has_gone_home_leads_nothing_more(home: Home, holds: Holds) -> None:
    """What it does not cover goes another way, and its hold has its clock again."""
    case_no = await home.hold(LARGE)
    told = {"kind": "bnss_497", "effect": "restore", "court": "CJM Lucknow", "made_on": "2026-11-24", "order_no": "1"}
    order = NewCourtOrder.model_validate({**told, "amount_paise": 1000_00})
    await confirmed_order(home.ctx, case_no, order)
    restoration = await home.of(case_no)
    await to_approval(home, restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    await home.confirm(restoration)
    assert await home.tick(restoration) == ["end_step"]
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, INSPECTOR)
    await home.open_for_new_holds(case_no)
    rest = await home.of(case_no, 2)
    await home.tick(rest, 3)
    assert await home.at(rest) == ("open", "application", "lok_adalat")
    kept = await home.bench.value(KEPT, case_no)
    assert kept is None


async def test_an_order_about_one_account_gives_back_nothing_of_another(home: Home) -> None:
    two = Two(home, LARGE, apart())
    case_no = await two.told()
    await two.held(case_no, 1, 2)
    order_id = await home.court_order(case_no, "bnss_497")
    await home.bench.pool.execute(
        "UPDATE court_order c SET institution = h.institution, account_key = h.account_key FROM hop h"
        " WHERE court_order_id = $1 AND h.case_no = c.case_no AND h.hop_no = 2",
        order_id,
    )
    restoration = await home.of(case_no)
    await to_approval(home, restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    lines = await home.bench.rows("SELECT hop_no, amount_paise FROM bank_order_line WHERE case_no = $1", case_no)
    assert lines == [(2, LARGE * 100)]


async def test_an_order_that_names_two_accounts_gives_back_of_each_its_own_sum(home: Home, holds: Holds) -> None:
    two = Two(home, LARGE, apart())
    case_no = await two.told()
    await two.held(case_no, 1, 2)
    told = {"kind": "bnss_497", "effect": "restore", "court": "CJM Lucknow", "made_on": "2026-11-24", "order_no": "1"}
    for account, paise in zip(two.accounts, (4_000_00, 1_000_00), strict=True):
        of_one = {"institution": "HDFC", "account": account, "amount_paise": paise}
        await confirmed_order(home.ctx, case_no, NewCourtOrder.model_validate(told | of_one))
    restoration = await home.of(case_no)
    await to_approval(home, restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    lines = await home.bench.rows(
        "SELECT hop_no, amount_paise FROM bank_order_line WHERE case_no = $1 ORDER BY hop_no", case_no
    )
    assert lines == [(1, 4_000_00), (2, 1_000_00)]
    await home.confirm(restoration)
    assert await home.tick(restoration) == ["end_step"]
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, INSPECTOR)
    await home.open_for_new_holds(case_no)
    kept = await home.bench.rows(
        f"{KEPT} ORDER BY hold_id",
        case_no,
    )
    assert kept == [(None,), (None,)], "both sums have gone home"


async def test_a_later_order_of_the_court_is_gone_by_until_the_approval(home: Home) -> None:
    case_no = await home.hold(LARGE)
    await home.court_order(case_no, "bnss_497")
    restoration = await home.of(case_no)
    await to_approval(home, restoration)
    await home.prepare(restoration)
    later = await home.court_order(case_no, "bnss_497", "refuse")
    with pytest.raises(CourtOrderSuperseded, match=f"Court order {later}"):
        await home.approve(restoration)
    assert await home.tick(restoration) == ["drop_order", "take_order"]
    assert (await home.at(restoration))[0] == "refused"


async def test_a_court_that_refuses_one_account_refuses_nothing_of_another(home: Home) -> None:
    two = Two(home, LARGE, apart())
    case_no = await two.told()
    await two.held(case_no, 1, 2)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    await home.waive(restoration)
    told = {"kind": "lok_adalat", "effect": "refuse", "court": "CJM Lucknow", "order_no": "1", "made_on": "2026-11-24"}
    account = {"institution": "HDFC", "account": two.accounts[0]}
    refusal = await confirmed_order(home.ctx, case_no, NewCourtOrder.model_validate(told | account))
    assert await home.tick(restoration) == ["take_order"]
    assert await home.at(restoration) == ("open", "lok_adalat_award", "lok_adalat"), "the other account is waited for"
    (event,) = await home.events(case_no, "restoration_refused_in_part")
    assert (event["court_order_id"], event["hop_nos"]) == (refusal.court_order_id, [1])
    await home.court_order(case_no, "lok_adalat")
    assert await home.tick(restoration) == ["take_order", "allocate"]
    await home.prepare(restoration)
    await home.approve(restoration)
    lines = "SELECT hop_no, amount_paise FROM bank_order_line WHERE case_no = $1"
    assert await home.bench.rows(lines, case_no) == [(2, LARGE * 100)]
    await home.confirm(restoration)
    await home.tick(restoration)
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, INSPECTOR)
    await home.open_for_new_holds(case_no)
    rounds = "SELECT count(*) FROM restoration WHERE case_no = $1"
    assert await home.bench.value(rounds, case_no) == 1, "what a court has refused is no next round"


async def test_sent_back_to_the_court_it_waits_for_another_order(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.register_fir(case_no)
    first = await home.court_order(case_no, "bnss_503")
    await to_approval(home, restoration)
    await home.send_back(restoration, Step.COURT_ORDER)
    assert await home.tick(restoration) == []
    assert await home.at(restoration) == ("open", "court_order", "court")
    await home.take_order(restoration, first)
    await home.send_back(restoration, Step.COURT_ORDER)
    await home.court_order(case_no, "bnss_497", paise=1000_00)
    assert await home.tick(restoration) == ["take_order", "allocate"]
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 1000_00)]


# -- more money --------------------------------------------------------------------------------------------------------


async def test_more_of_a_hop_that_was_divided_is_divided_too(home: Home) -> None:
    """What comes on hold of a hop that is up for approval is every victim's of the account, as the rest of it."""
    account = f"5{rrn()}"
    other = await home.hold(0, 1000, account=account)
    root = rrn()
    case_no = await home.bench.complain(
        transfer(1000_00, reference=root, payee={"institution": "HDFC", "account": account})
    )
    await home.bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await home.open_for_new_holds(case_no)
    restoration = await home.of(case_no)
    await to_approval(home, restoration)
    await home.bench.answer("HDFC", case_no, row(1, root, "300.00", rrn_transaction_id=rrn()))
    before = (await home.bench.buckets(other)).get("held", 0)
    await home.open_for_new_holds(case_no)
    assert await home.tick(restoration) == ["allocate"]
    assert (await home.bench.buckets(other))["held"] > before
    await home.check(case_no)
    await home.check(other)


# -- the hold, when no order keeps it any more -------------------------------------------------------------------------


async def test_money_whose_orders_were_cancelled_after_ninety_days_does_not_lapse_unwarned(
    home: Home, holds: Holds
) -> None:
    """The victim's order existed until now: there are thirty days for another."""
    case_no = await home.hold(1000)
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    home.clock.at += 100 * DAY
    ((order_id, hold_id),) = await home.bench.rows(
        "SELECT order_id, hold_id FROM bank_order JOIN bank_order_line USING (order_id) WHERE restoration_id = $1",
        restoration,
    )
    await cancel_order(home.ctx, order_id, "the account is closed", "officer:sp")
    assert await home.tick(restoration) == ["end_step", "allocate"]
    assert await home.at(restoration) == ("open", "approval", "no_court"), "it is made ready again"
    holds.clock.at = home.clock.at
    assert await holds.tick(hold_id) == ["tell_holder", "warn_30"]
    assert [reason for reason, *_ in await holds.orders(case_no)] == ["restoration"]
    await home.prepare(restoration)
    await home.approve(restoration)
    await holds.tick(hold_id, 30)
    assert [reason for reason, *_ in await holds.orders(case_no)] == ["restoration"] * 2
    home.clock.at = holds.clock.at
    await home.confirm(restoration)
    await home.check(case_no)


async def test_an_order_of_a_court_that_is_taken_in_again_lets_nothing_lapse(home: Home, holds: Holds) -> None:
    case_no = await home.hold(1000)
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    told = {"kind": "bnss_503", "effect": "keep_hold", "court": "CJM Lucknow", "made_on": "2026-11-24"}
    wrong = NewCourtOrder.model_validate({**told, "order_no": "12/2026"})
    order = await confirmed_order(home.ctx, case_no, wrong)
    holds.clock.at = home.clock.at
    await holds.tick(hold_id, 120)
    home.clock.at = holds.clock.at
    await withdraw_court_order(home.ctx, case_no, order.court_order_id, "another number", "officer:io")
    await confirm_withdrawal(home.ctx, case_no, order.court_order_id, "another number", "officer:second")
    assert await holds.tick(hold_id) == ["warn_30"]
    right = NewCourtOrder.model_validate({**told, "order_no": "13/2026"})
    await confirmed_order(home.ctx, case_no, right)
    assert (await holds.tick(hold_id, 60), await holds.orders(case_no)) == ([], [])


# -- small holds -------------------------------------------------------------------------------------------------------


async def test_a_hold_that_grows_is_small_no_more(home: Home, holds: Holds) -> None:
    account = f"5{rrn()}"
    two = Two(home, 1000, (account, account))
    case_no = await two.told()
    await two.held(case_no, 1, rupees=100)
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1 AND small", case_no)
    holds.clock.at = home.clock.at
    await holds.tick(hold_id)
    assert await holds.tasks(case_no) == ["small_hold"]
    await two.held(case_no, 2)
    with pytest.raises(NotSmallHold):
        await record_small_hold_decision(
            holds.ctx, hold_id, NewSmallHoldDecision(decision=SmallHoldDecision.RELEASE, reason="a tea shop"), INSPECTOR
        )
    assert await holds.tasks(case_no) == [], "no task asks for a quick decision"


async def test_a_hold_of_two_small_parts_that_are_not_small_together(home: Home) -> None:
    account = f"5{rrn()}"
    two = Two(home, 400, (account, account))
    case_no = await two.told()
    await two.held(case_no, 1, 2)
    assert await home.bench.value("SELECT small FROM account_hold WHERE case_no = $1", case_no) is False


# -- the bank's statement ----------------------------------------------------------------------------------------------


async def test_a_credit_without_a_reference_ends_the_step_too(home: Home) -> None:
    case_no = await home.hold(1000)
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE restoration_id = $1", restoration)
    line = ConfirmedLine(line_no=1, amount_paise=1000_00, done_at=home.clock.at)
    await take_confirmation(home.ctx, "HDFC", order_id, OrderConfirmation(lines=(line,)), "bank:HDFC")
    assert await home.tick(restoration) == ["end_step"]
    assert (await home.at(restoration))[1] == "bond"
