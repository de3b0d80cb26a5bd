"""Money that joins a hold later, and what a court or a restoration keeps of it: each part goes by its own time."""

from datetime import timedelta

import pytest

from activities.recovery.hold_transaction import hold_transaction
from activities.recovery.payer_decisions import confirm_proposal, propose_release
from db.recovery import free_amounts
from domain.errors.recovery import AmountNotFree, HoldKeptByCourt, NothingFree
from schemas.recovery.court_orders import NewCourtOrder
from schemas.recovery.holds import HoldAction
from tests.activities.court_bench import confirmed_order
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.activities.release_bench import HEARING, SECOND
from tests.factories import row, rrn, transfer

DAY = timedelta(days=1)


async def grown(holds: Holds, days: float) -> tuple[str, int]:
    """A hold of 200, to which 400 of another transfer come after these days; how often its holder was told at first."""
    roots, payee = [rrn(), rrn()], {"institution": "HDFC", "account": f"5{rrn()}"}
    of = [transfer(paise, reference=root, payee=payee) for paise, root in zip((200_00, 400_00), roots, strict=True)]
    case_no = await holds.bench.complain(*of)
    await holds.bench.answer("HDFC", case_no, row(1, roots[0], "200.00", **CONTACT))
    await holds.open_for_new_holds(case_no)
    hold_id = await holds.hold_of(case_no)
    await holds.tick(hold_id)
    told = len(await holds.messages(case_no, "hold"))
    for day in (61, 76, 84, days):
        await holds.tick(hold_id, max(0, day - (holds.clock.at - holds.began).days))
    await holds.bench.answer("HDFC", case_no, row(1, roots[1], "400.00", **CONTACT))
    await holds.came_now(case_no)
    await holds.open_for_new_holds(case_no)
    return case_no, told


async def test_who_has_more_on_hold_is_told_again_of_all_of_it(holds: Holds) -> None:
    case_no, told = await grown(holds, 85)
    hold_id = await holds.hold_of(case_no)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    assert len(await holds.messages(case_no, "hold")) == 2 * told
    *_, newest = await holds.bench.said("hold", case_no, medium="sms", language="en")
    assert "Rs 600" in newest.body
    assert await holds.tick(hold_id) == []


async def test_what_joined_later_lapses_later_and_is_warned_of_by_its_own_time(holds: Holds) -> None:
    case_no, _ = await grown(holds, 85)
    hold_id = await holds.hold_of(case_no)
    await holds.tick(hold_id)
    assert await holds.tick(hold_id, 4.5) == ["warn_1"]
    assert await holds.tick(hold_id, 1) == [HoldAction.LAPSE]
    assert await holds.orders(case_no) == [("lapsed", "planned", 200_00)], "the early part alone"
    lapses_at = await holds.bench.value("SELECT lapses_at FROM account_hold WHERE hold_id = $1", hold_id)
    assert lapses_at > holds.clock.at + 80 * DAY
    done = [await holds.tick(hold_id, days) for days in (55, 15, 8, 6)]
    assert done == [["warn_30"], ["warn_15"], ["warn_7"], ["warn_1"]]
    *_, warned = await holds.bench.said("lapse_warning", case_no, to_whom="victim")
    assert "400" in warned.body
    await holds.tick(hold_id, 2)
    assert sorted(await holds.orders(case_no)) == [("lapsed", "planned", 200_00), ("lapsed", "planned", 400_00)]


async def test_b7_later_money_without_a_date_does_not_take_the_date_of_what_came_before(holds: Holds) -> None:
    stated_at = (holds.clock.at - 60 * DAY).isoformat()
    case_no, hold_id = await holds.hold(600, lost=400, transaction_datetime=stated_at, **CONTACT)
    moved = "UPDATE hop SET transferred_at = $2 WHERE case_no = $1"
    await holds.bench.pool.execute(moved, case_no, holds.clock.at - 70 * DAY)
    (root,) = await holds.bench.hops(case_no, "reference")
    await holds.bench.answer("HDFC", case_no, row(1, root, "300.00", remarks="more", **CONTACT))
    async with holds.bench.pool.acquire() as connection:
        first, later = await free_amounts.parts(connection, hold_id)
    assert (first.begun_at is None, later.begun_at) == (False, None)


async def test_what_was_off_hold_before_anybody_looked_starts_again(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, lost=400, **CONTACT)
    for days in (0, 61, 15, 8, 5):
        await holds.tick(hold_id, days)
    await holds.bench.pool.execute(
        "SELECT ledger_post($1, 'resolution', $2, now(), '{1,1}', '{held,in_play}', '{-60000,60000}')",
        case_no,
        f"test|{case_no}",
    )
    (root,) = await holds.bench.hops(case_no, "reference")
    later = {"transaction_datetime": holds.clock.at.isoformat()}
    await holds.bench.answer("HDFC", case_no, row(1, root, "300.00", **later, **CONTACT))
    await holds.came_now(case_no)
    await holds.open_for_new_holds(case_no)
    anew = await holds.bench.rows(
        "SELECT state, first_held_at, lapses_at, warned_days FROM account_hold WHERE hold_id = $1", hold_id
    )
    assert anew == [("held", holds.clock.at, holds.clock.at + 90 * DAY, None)]
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    log = await holds.bench.events(case_no)
    assert (log.count("hold_began"), log.count("hold_ended")) == (2, 1)


# -- what is kept ------------------------------------------------------------------------------------------------------


async def court(holds: Holds, case_no: str, paise: int | None) -> None:
    told = {
        "kind": "bnss_503",
        "effect": "keep_hold",
        "court": "CJM Lucknow",
        "order_no": rrn(),
        "made_on": "2026-11-24",
    }
    order = NewCourtOrder.model_validate(told | {"amount_paise": paise})
    await confirmed_order(holds.ctx, case_no, order)


async def release(holds: Holds, case_no: str, paise: int | None) -> int:
    hold_id = await holds.hold_of(case_no)
    async with hold_transaction(holds.ctx, hold_id, "officer:sp") as work:
        await propose_release(work, work.hold, paise, "a tea shop")
    holds.clock.at += HEARING
    async with hold_transaction(holds.ctx, hold_id, SECOND) as work:
        _, released_paise = await confirm_proposal(work, work.hold, "seen")
        return released_paise


async def test_an_order_of_a_court_for_a_part_keeps_the_part_and_the_rest_lapses(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, 400, **CONTACT)
    await holds.tick(hold_id)
    await court(holds, case_no, 300_00)
    await holds.tick(hold_id, 200)
    assert await holds.orders(case_no) == [("lapsed", "planned", 700_00)]
    assert await holds.tick(hold_id, 200) == []


async def test_what_a_court_does_not_retain_the_police_may_release(holds: Holds) -> None:
    case_no, _ = await holds.hold(600, 400, **CONTACT)
    await court(holds, case_no, 300_00)
    with pytest.raises(AmountNotFree, match=r"Only 70000 paise .* a court keeps 30000 paise"):
        await release(holds, case_no, 700_01)
    assert await release(holds, case_no, None) == 700_00
    with pytest.raises(NothingFree):
        await release(holds, case_no, None)


async def test_the_sums_that_courts_name_add_up_and_one_without_a_sum_keeps_all(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, 400, **CONTACT)
    await court(holds, case_no, 300_00)
    await court(holds, case_no, 200_00)
    assert await release(holds, case_no, None) == 500_00
    await court(holds, case_no, None)
    with pytest.raises(HoldKeptByCourt, match=r"kept by court_order \d+\. Only the court"):
        await release(holds, case_no, 1)
    assert await holds.tick(hold_id, 200) == [HoldAction.TELL_HOLDER]
