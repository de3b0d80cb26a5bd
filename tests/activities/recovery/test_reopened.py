"""No money on hold is forgotten: what was refused, cancelled or ended is reopened, or a person is asked."""

from typing import Any
from uuid import UUID

import pytest

from activities.recovery import restoration_deadlines
from activities.recovery.confirmations import take_confirmation
from activities.recovery.court_orders import confirm_withdrawal, withdraw_court_order
from activities.recovery.orders import cancel_order
from domain.errors import RoleNotAllowed
from domain.errors.restoration import CourtOrderToRestore, CourtOrderUsedUp, NothingToReopen, NotReopenable
from schemas.recovery.court_orders import NewCourtOrder
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from schemas.recovery.restorations import ReopenReason
from schemas.restoration_enums import RestorationVerb
from tests.activities.court_bench import confirmed_order
from tests.activities.hold_world import Holds
from tests.activities.restoration_bench import DESK, SP, SUPERVISOR, WHY, Home
from tests.factories import rrn

LARGE = 60_000
VERB = RestorationVerb


async def court(home: Home, case_no: str, effect: str, **more: Any) -> int:
    told = {"kind": "bnss_503", "effect": effect, "court": "CJM Lucknow", "order_no": rrn(), "made_on": "2026-11-24"}
    order = await confirmed_order(home.ctx, case_no, NewCourtOrder.model_validate(told | more))
    return order.court_order_id


async def rounds(home: Home, case_no: str) -> list[tuple[int, str]]:
    """The rounds of a case's complaint, once its holds are opened."""
    await home.open_for_new_holds(case_no)
    return await home.bench.rows("SELECT round_no, state FROM restoration WHERE case_no = $1 ORDER BY 1", case_no)


async def asked(home: Home, case_no: str) -> int:
    """How many holds the supervisor is asked about because a court keeps them and nothing is under way."""
    found: int = await home.bench.value(
        "SELECT count(*) FROM desk_task WHERE case_no = $1 AND state = 'open' AND kind = 'supervise'"
        " AND cause = 'hold_retained_idle'",
        case_no,
    )
    return found


async def the_order(home: Home, case_no: str) -> UUID:
    found: UUID = await home.bench.value(
        "SELECT order_id FROM bank_order WHERE case_no = $1 ORDER BY (state = 'planned') DESC, planned_at DESC LIMIT 1",
        case_no,
    )
    return found


async def paid(home: Home, order_id: UUID, rupees: int, bank: str = "HDFC") -> None:
    line = ConfirmedLine(line_no=1, amount_paise=rupees * 100, done_at=home.clock.at, reference="UTR1")
    await take_confirmation(home.ctx, bank, order_id, OrderConfirmation(lines=(line,)), f"bank:{bank}")


# -- refused and cancelled ---------------------------------------------------------------------------------------------


async def test_what_a_court_has_ordered_home_is_not_refused_or_cancelled(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    order_id = await court(home, case_no, "restore")
    await home.to_approval(restoration)
    await home.tick(restoration)
    for verb, by in ((VERB.REFUSE, SP), (VERB.CANCEL, SUPERVISOR)):
        with pytest.raises(CourtOrderToRestore, match=f"Court order {order_id}"):
            await home.do(restoration, verb, by)
    await withdraw_court_order(home.ctx, case_no, order_id, "another case's", "officer:io")
    await confirm_withdrawal(home.ctx, case_no, order_id, "another case's", "officer:sp")
    await home.tick(restoration)
    await home.do(restoration, VERB.REFUSE, SP)
    assert (await home.at(restoration))[0] == "refused"


async def test_what_was_refused_starts_again_when_a_court_orders_it_home(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.do(restoration, VERB.REFUSE, SP)
    assert await rounds(home, case_no) == [(1, "refused")]
    await court(home, case_no, "restore")
    assert await rounds(home, case_no) == [(1, "refused"), (2, "open")]
    await home.to_credit(await home.of(case_no, 2))
    await home.check(case_no)


async def test_what_was_cancelled_by_mistake_is_reopened(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    why = ReopenReason(reason="the wrong case")
    with pytest.raises(NotReopenable, match="is open"):
        await restoration_deadlines.reopen(home.ctx, restoration, why, SUPERVISOR)
    await home.do(restoration, VERB.CANCEL, SUPERVISOR)
    assert await rounds(home, case_no) == [(1, "cancelled")]
    with pytest.raises(RoleNotAllowed, match="desk may not"):
        await restoration_deadlines.reopen(home.ctx, restoration, why, DESK)
    await restoration_deadlines.reopen(home.ctx, restoration, why, SUPERVISOR)
    (event,) = await home.events(case_no, "restoration_reopened")
    assert (event["state"], event["reason"]) == ("cancelled", "the wrong case")
    assert await rounds(home, case_no) == [(1, "cancelled"), (2, "open")]
    with pytest.raises(NothingToReopen):
        await restoration_deadlines.reopen(home.ctx, restoration, why, SP)


async def test_a_hold_that_a_court_keeps_while_nothing_is_under_way_is_put_before_a_person(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.do(restoration, VERB.REFUSE, SP)
    assert await asked(home, case_no) == 0, "it lapses"
    keeps = await court(home, case_no, "keep_hold")
    assert await asked(home, case_no) == 1
    await withdraw_court_order(home.ctx, case_no, keeps, "another case's", "officer:io")
    await confirm_withdrawal(home.ctx, case_no, keeps, "another case's", "officer:sp")
    assert await asked(home, case_no) == 0
    await court(home, case_no, "keep_hold")
    await restoration_deadlines.reopen(home.ctx, restoration, ReopenReason(reason=WHY), SP)
    await home.open_for_new_holds(case_no)
    assert await asked(home, case_no) == 0
    await home.do(await home.of(case_no, 2), VERB.CANCEL, SUPERVISOR)
    assert await asked(home, case_no) == 1


# -- wound up ----------------------------------------------------------------------------------------------------------


async def test_a_release_that_is_only_planned_winds_nothing_up(home: Home) -> None:
    """The hold has lapsed, a court orders the money home, and the bank's order is taken back in time."""
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    holds = Holds(home.ctx)
    holds.clock.at = home.clock.at
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    await holds.tick(hold_id, 90)
    home.clock.at = holds.clock.at
    assert "wind_up" not in await home.tick(restoration)
    await court(home, case_no, "restore")
    await cancel_order(home.ctx, await the_order(home, case_no), "the court has ordered it home", "officer:sp")
    assert await home.tick(restoration) == ["allocate", "route", "take_order", "allocate"]
    await home.prepare(restoration)
    await home.approve(restoration)
    assert ("restore", "restoration", "HDFC", 400_00) in await home.orders(case_no)


async def test_a_release_that_is_cancelled_after_a_refusal_leaves_nothing_without_a_clock(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.do(restoration, VERB.REFUSE, SP)
    await court(home, case_no, "release")
    await court(home, case_no, "restore")
    assert await rounds(home, case_no) == [(1, "refused")], "the release of all of it is ordered"
    await cancel_order(home.ctx, await the_order(home, case_no), "the court says otherwise now", "officer:sp")
    assert await rounds(home, case_no) == [(1, "refused"), (2, "open")]


async def test_the_victim_is_told_when_nothing_is_on_hold_any_more(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await court(home, case_no, "release")
    await paid(home, await the_order(home, case_no), 400)
    assert await home.tick(restoration) == ["wind_up"]
    assert (await home.at(restoration))[0] == "cancelled"
    told = await home.bench.rows("SELECT DISTINCT kind FROM message WHERE case_no = $1 AND kind LIKE 'noth%'", case_no)
    letters = "SELECT count(*) FROM due_document WHERE case_no = $1 AND kind = 'status_letter' AND occasion LIKE $2"
    assert told == [("nothing_held",)]
    assert await home.bench.value(letters, case_no, "%.cancelled") == 1


# -- orders that were taken back ---------------------------------------------------------------------------------------


async def test_money_that_came_under_a_cancelled_order_is_restored_with_its_bond(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    order_id = await the_order(home, case_no)
    await cancel_order(home.ctx, order_id, "the wrong document", "officer:sp")
    assert await home.tick(restoration) == ["end_step", "allocate"]
    await paid(home, order_id, 400)
    assert await home.tick(restoration) == ["wind_up"]
    assert await home.at(restoration) == ("open", "bond", "no_court")
    credited = "SELECT count(*) FROM message WHERE case_no = $1 AND kind = 'credited'"
    assert await home.bench.value(credited, case_no) >= 1
    await home.do(restoration, VERB.RECEIVE_BOND, DESK)
    assert await home.at(restoration) == ("restored", "bond", "no_court")
    assert (await home.events(case_no, "restoration_closed"))[-1]["restored_paise"] == 400_00
    await home.check(case_no)


async def test_what_went_home_under_a_cancelled_order_counts_against_the_courts_sum(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await court(home, case_no, "restore", amount_paise=10_000_00)
    await home.to_credit(restoration)
    order_id = await the_order(home, case_no)
    await cancel_order(home.ctx, order_id, "the wrong document", "officer:sp")
    await home.tick(restoration)
    await paid(home, order_id, 10_000)
    with pytest.raises(CourtOrderUsedUp, match="has 0 paise left"):
        await home.prepare(restoration)
    assert await home.tick(restoration) == ["drop_order", "route"]
    assert await home.at(restoration) == ("open", "lok_adalat_award", "lok_adalat")
    assert sum(paise for *_, paise in await home.orders(case_no)) == 10_000_00


async def test_what_one_bank_was_not_to_give_back_after_all_is_made_ready_again(home: Home) -> None:
    """The victim's application stands: only the order was wrong."""
    case_no, restoration, _ = await home.two_accounts()
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    orders = await home.bench.rows("SELECT order_id FROM bank_order WHERE case_no = $1 ORDER BY institution", case_no)
    await paid(home, orders[0][0], 100)
    await cancel_order(home.ctx, orders[1][0], "the victim's account has changed", "officer:sp")
    assert await home.tick(restoration) == ["end_step", "allocate"]
    assert await home.at(restoration) == ("open", "approval", "no_court")
    await home.prepare(restoration)
    await home.approve(restoration)
    assert (await home.orders(case_no)).count(("restore", "restoration", "ICIC", 200_00)) == 2
    await paid(home, await the_order(home, case_no), 200, "ICIC")
    assert await home.tick(restoration) == ["end_step"]
    assert (await home.at(restoration))[1] == "bond"
    assert len(await home.events(case_no, "order_confirmed")) == 2


async def test_who_has_money_already_gives_a_bond_though_the_rest_is_refused(home: Home) -> None:
    case_no, restoration, _ = await home.two_accounts()
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    orders = await home.bench.rows("SELECT order_id FROM bank_order WHERE case_no = $1 ORDER BY institution", case_no)
    await paid(home, orders[0][0], 100)
    await cancel_order(home.ctx, orders[1][0], "another's money", "officer:sp")
    await home.tick(restoration)
    await home.do(restoration, VERB.REFUSE, SP)
    await home.assign(case_no, "io")
    assert await home.at(restoration) == ("open", "bond", "no_court")
    assert await home.tick(restoration, 7.1) == ["remind"]


async def test_what_was_ordered_in_the_place_of_what_was_cancelled_ends_it(home: Home) -> None:
    case_no = await home.hold(1000)
    restoration = await home.of(case_no)
    await home.court_order(case_no, "bnss_503", paise=300_00)
    await home.to_approval(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    await cancel_order(home.ctx, await the_order(home, case_no), "the bank has closed its desk", "officer:sp")
    await home.tick(restoration)
    assert (await home.at(restoration))[1] == "approval"
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    await paid(home, await the_order(home, case_no), 300)
    await home.tick(restoration)
    assert (await home.at(restoration))[:2] in {("open", "bond"), ("restored", "credit")}
