"""What the database itself refuses of a restoration, whatever the code before it believes."""

import asyncpg
import pytest

from activities.context import Context
from schemas.restoration_enums import Step
from tests.activities.restoration_bench import IO, Home


@pytest.fixture
def home(shared: Context) -> Home:
    return Home(shared)


async def test_the_preparer_does_not_approve_it(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    await home.to_approval(restoration)
    await home.prepare(restoration, IO)
    approve = "UPDATE restoration SET approved_by = $2 WHERE restoration_id = $1"
    with pytest.raises(asyncpg.CheckViolationError, match="restoration_four_eyes"):
        await home.bench.pool.execute(approve, restoration, IO.subject)
    await home.bench.pool.execute("UPDATE restoration SET prepared_by = NULL WHERE restoration_id = $1", restoration)
    with pytest.raises(asyncpg.CheckViolationError, match="restoration_four_eyes"):
        await home.bench.pool.execute(approve, restoration, "verma")


async def test_c2_an_approver_is_not_made_the_preparer_later_and_no_script_approves(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    await home.to_approval(restoration)
    await home.prepare(restoration, IO)
    approve = "UPDATE restoration SET approved_by = $2 WHERE restoration_id = $1"
    with pytest.raises(asyncpg.CheckViolationError, match="restoration_four_eyes"):
        await home.bench.pool.execute(approve, restoration, "script:helpline")
    await home.bench.pool.execute(approve, restoration, "asha")
    with pytest.raises(asyncpg.CheckViolationError, match="restoration_four_eyes"):
        await home.bench.pool.execute(
            "UPDATE restoration SET prepared_by = 'officer:Asha' WHERE restoration_id = $1", restoration
        )


async def test_a_restoration_is_at_one_step_at_a_time(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    with pytest.raises(asyncpg.UniqueViolationError, match="restoration_step_one_open"):
        await home.bench.pool.execute(
            "INSERT INTO restoration_step (restoration_id, step, visit_no, opened_at) VALUES ($1, $2, 1, now())",
            restoration,
            Step.APPROVAL.value,
        )


async def test_shares_that_are_not_the_pot_are_refused_and_none_is_changed_later(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.tick(restoration)
    pool = home.bench.pool
    with pytest.raises(asyncpg.CheckViolationError, match="off by"):
        await pool.execute(
            "INSERT INTO allocation (institution, account_key, rule, pot_paise, claims_paise, policy_version, made_at,"
            " made_by) VALUES ('HDFC', '1', 'pro_rata', 5, 5, 'x', now(), 'engine')"
        )
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("UPDATE allocation_share SET share_paise = 0 WHERE case_no = $1", case_no)


async def test_nothing_goes_home_undivided_or_past_an_objection(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    with pytest.raises(asyncpg.CheckViolationError, match="restoration_line_divided_before_due"):
        await home.bench.pool.execute(
            "UPDATE restoration_line SET due_paise = 1 WHERE restoration_id = $1", restoration
        )
