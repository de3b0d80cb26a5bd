"""What a bank says it holds above the traceable: it goes back, but never what may be the victims'."""

import pytest

from activities.recovery.confirmations import take_confirmation
from activities.recovery.orders import cancel_order
from schemas.enums import ResolutionDecision
from schemas.recovery.holds import HoldAction
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.factories import moved, row, rrn, transfer

LATER = {"transaction_datetime": "2026-11-24 12:00:00"}


@pytest.mark.parametrize("looked_at", [False, True])
async def test_the_accounts_total_beside_each_transfer_lets_nothing_go(holds: Holds, *, looked_at: bool) -> None:
    roots, payee = [rrn(), rrn()], {"institution": "HDFC", "account": f"5{rrn()}"}
    case_no = await holds.bench.complain(
        transfer(600_00, reference=roots[0], payee=payee), transfer(400_00, reference=roots[1], payee=payee)
    )
    await holds.bench.answer("HDFC", case_no, row(1, roots[0], "1000.00"), row(1, roots[1], "1000.00"))
    await holds.open_for_new_holds(case_no)
    if looked_at:
        await holds.settle(case_no, ResolutionDecision.UPHELD_BANK)
    assert await holds.tick(await holds.hold_of(case_no)) == [HoldAction.TELL_HOLDER]
    assert await holds.orders(case_no) == []
    asked = [kind for kind, _ in await holds.bench.tasks(case_no)]
    assert asked.count("resolve_discrepancy") == (1 if looked_at else 2), "a person decides"


async def test_what_another_case_has_there_is_no_excess(holds: Holds) -> None:
    account = f"5{rrn()}"
    await holds.hold(500, account=account)
    case_no, hold_id = await holds.hold(600, said=1100, account=account)
    await holds.tick(hold_id)
    assert await holds.orders(case_no) == []
    await holds.settle(case_no, ResolutionDecision.UPHELD_BANK)
    assert await holds.tick(hold_id) == [HoldAction.RELEASE_EXCESS], "a person has looked"
    assert await holds.orders(case_no) == [("excess", "planned", 500_00)]


async def test_excess_that_a_bank_released_under_a_cancelled_order_is_not_ordered_again(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, said=1100)
    await holds.settle(case_no, ResolutionDecision.UPHELD_BANK)
    await holds.tick(hold_id)
    assert await holds.orders(case_no) == [("excess", "planned", 500_00)]
    order_id = await holds.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    await holds.bench.pool.execute("UPDATE bank_order SET tried_at = now() WHERE order_id = $1", order_id)
    await cancel_order(holds.ctx, order_id, "the account is read again", "officer:sp")
    line = ConfirmedLine(line_no=1, amount_paise=500_00, done_at=holds.ctx.now())
    await take_confirmation(holds.ctx, "HDFC", order_id, OrderConfirmation(lines=(line,)), "bank:HDFC")
    assert HoldAction.RELEASE_EXCESS not in await holds.tick(hold_id)
    assert await holds.orders(case_no) == [("excess", "cancelled", 500_00)]


# -- on hold though it has gone ----------------------------------------------------------------------------------------


async def gone(holds: Holds, *first: dict[str, object]) -> tuple[str, str]:
    """A case whose 6,000 have left the account; its number and the transfer's reference."""
    root = rrn()
    payee = {"institution": "HDFC", "account": f"5{rrn()}"}
    case_no = await holds.bench.complain(transfer(6000_00, reference=root, payee=payee))
    left = "4000.00" if first else "6000.00"
    await holds.bench.answer("HDFC", case_no, moved(root, left, "ICIC", "777777777"))
    return case_no, root


async def test_a_hold_on_what_has_gone_is_told_of_and_goes_back_when_a_person_finds_so(holds: Holds) -> None:
    case_no, root = await gone(holds)
    await holds.bench.answer("HDFC", case_no, row(1, root, "6000.00", **LATER, **CONTACT))
    await holds.open_for_new_holds(case_no)
    hold_id = await holds.hold_of(case_no)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    said = await holds.bench.said("hold", case_no, medium="sms", language="en")
    assert "Rs 6,000" in said[0].body
    told = await holds.told(case_no)
    await holds.settle(case_no, ResolutionDecision.UPHELD_OTHER)
    assert await holds.told(case_no) == told + 1
    assert await holds.tick(hold_id) == [HoldAction.RELEASE_EXCESS]
    assert await holds.orders(case_no) == [("excess", "planned", 6000_00)]
    assert not (await holds.look(hold_id)).over
    await holds.confirm(case_no)
    assert (await holds.look(hold_id)).over
    await holds.bench.check(case_no)


async def test_the_police_owe_nothing_for_a_hold_that_is_in_no_bucket_before_money_is_on_hold(holds: Holds) -> None:
    case_no, root = await gone(holds, {})
    await holds.bench.answer("HDFC", case_no, row(5, root, "2000.00"))
    await holds.bench.answer("HDFC", case_no, row(1, root, "6000.00", **LATER))
    await holds.open_for_new_holds(case_no)
    assert not (await holds.look(await holds.hold_of(case_no))).over
    duties = "SELECT count(*) FROM duty WHERE case_no = $1"
    assert await holds.bench.value(duties, case_no) == 0
    assert ("duty", None) not in await holds.bench.tasks(case_no)
    await holds.bench.answer("ICIC", case_no, row(1, await _last_reference(holds, case_no), "4000.00"))
    await holds.open_for_new_holds(case_no)
    assert await holds.bench.value(duties, case_no) == 2


async def _last_reference(holds: Holds, case_no: str) -> str:
    return str((await holds.bench.hops(case_no, "reference"))[-1])


async def test_a_hold_on_what_has_gone_lapses_without_an_act_of_an_officer(holds: Holds) -> None:
    case_no, root = await gone(holds)
    await holds.bench.answer("HDFC", case_no, row(1, root, "6000.00", **LATER, **CONTACT))
    await holds.open_for_new_holds(case_no)
    hold_id = await holds.hold_of(case_no)
    await holds.tick(hold_id)
    await holds.tick(hold_id, 89.5)
    assert await holds.tick(hold_id, 1) == [HoldAction.LAPSE]
    assert await holds.orders(case_no) == [("lapsed", "planned", 6000_00)]
    assert await holds.messages(case_no, "hold_lapsed"), "the holder is told"
    assert await holds.tick(hold_id, 90) == []
    await holds.confirm(case_no)
    assert (await holds.look(hold_id)).over


async def test_what_is_held_above_the_rest_that_stayed_goes_back_when_a_person_finds_so(holds: Holds) -> None:
    case_no, root = await gone(holds, {})
    await holds.bench.answer("HDFC", case_no, row(1, root, "2000.00", **CONTACT))
    await holds.open_for_new_holds(case_no)
    hold_id = await holds.hold_of(case_no)
    await holds.tick(hold_id)
    await holds.bench.answer("HDFC", case_no, row(1, root, "6000.00", **LATER, **CONTACT))
    await holds.open_for_new_holds(case_no)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER], "more is on hold than the holder was told"
    await holds.settle(case_no, ResolutionDecision.UPHELD_OTHER)
    assert await holds.tick(hold_id) == [HoldAction.RELEASE_EXCESS]
    assert await holds.orders(case_no) == [("excess", "planned", 4000_00)]
    await holds.confirm(case_no)
    assert (await holds.bench.buckets(case_no))["held"] == 2000_00
    assert not (await holds.look(hold_id)).over


async def test_where_a_person_finds_that_nothing_more_is_there_the_hold_is_over(holds: Holds) -> None:
    case_no, root = await gone(holds)
    await holds.bench.answer("HDFC", case_no, row(1, root, "6000.00", **LATER, **CONTACT))
    await holds.open_for_new_holds(case_no)
    hold_id = await holds.hold_of(case_no)
    await holds.settle(case_no, ResolutionDecision.CORRECTED)
    assert (await holds.look(hold_id)).over
