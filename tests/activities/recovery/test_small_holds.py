"""Small holds: which need a decision, with which facts, and what becomes of it when the hold starts again."""

from activities.recovery.hold_releases import record_small_hold_decision
from db.recovery import hold_views
from schemas.recovery.holds import SmallHoldDecision
from tests import desk_tasks
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import INSPECTOR, decided
from tests.activities.release_bench import confirmed, make_io
from tests.factories import row, rrn


async def notes(holds: Holds, case_no: str) -> list[str]:
    about = "case_no = $1 AND kind = 'small_hold' AND state = 'open'"
    return await desk_tasks.notes(holds.bench.pool, about, case_no)


async def small(holds: Holds, case_no: str) -> list[str]:
    """The holds of the case that wait for a quick decision."""
    async with holds.bench.pool.acquire() as connection:
        page = await hold_views.page(
            connection,
            holds.ctx.now(),
            None,
            50,
            ack_no=case_no,
            institution=None,
            held=None,
            small=True,
            lapses_before=None,
        )
    return [str(hold.hold_id) for hold in page.items]


async def test_a_little_on_an_account_with_other_business_names_bank_and_account(holds: Holds) -> None:
    account = f"5{rrn()}"
    case_no, hold_id = await holds.hold(150, account=account, root_effective_balance="9150.00")
    await holds.tick(hold_id)
    where = f"hold {hold_id}: HDFC, account ending in {account[-4:]}"
    assert await notes(holds, case_no) == [f"{where}; it has other business"]
    await make_io(holds.bench.pool, case_no)
    await record_small_hold_decision(holds.ctx, hold_id, decided(SmallHoldDecision.KEEP), INSPECTOR)
    assert await notes(holds, case_no) == []


async def test_where_nothing_is_known_of_the_account_the_task_says_so(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(150)
    await holds.tick(hold_id)
    (note,) = await notes(holds, case_no)
    assert note.endswith("; what else it has is not known")


async def test_what_is_left_in_an_emptied_account_is_no_small_hold(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(150, root_effective_balance="150.00")
    await holds.tick(hold_id)
    assert (await notes(holds, case_no), await small(holds, case_no)) == ([], [])


async def test_a_little_on_an_account_that_other_victims_money_went_to_is_no_small_hold(holds: Holds) -> None:
    account = f"5{rrn()}"
    await holds.hold(600, account=account)
    case_no, hold_id = await holds.hold(150, account=account, root_effective_balance="90000.00")
    await holds.tick(hold_id)
    assert await notes(holds, case_no) == []


async def test_a_small_hold_that_started_again_waits_for_a_decision_again(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(150, lost=400)
    await holds.tick(hold_id)
    assert await small(holds, case_no) == [str(hold_id)]
    await make_io(holds.bench.pool, case_no)
    await record_small_hold_decision(holds.ctx, hold_id, decided(SmallHoldDecision.RELEASE), INSPECTOR)
    await confirmed(holds.ctx, holds.clock, hold_id)
    await holds.confirm(case_no)
    assert (await holds.look(hold_id)).over
    (root,) = await holds.bench.hops(case_no, "reference")
    await holds.bench.answer("HDFC", case_no, row(1, root, "160.00", transaction_datetime="2026-11-24 12:00:00"))
    await holds.open_for_new_holds(case_no)
    await holds.tick(hold_id)
    assert await small(holds, case_no) == [str(hold_id)]
    assert len(await notes(holds, case_no)) == 1


async def test_a_small_hold_that_is_over_waits_for_no_officer(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(150)
    await holds.tick(hold_id, 90)
    await holds.confirm(case_no)
    assert (await holds.look(hold_id)).over
    assert await small(holds, case_no) == []
