"""Names of accounts to be credited are sealed under the key of the victim."""

import asyncpg
import pytest

from activities.restoration.credit_accounts import confirm, object_to, propose, told_for
from db.pool import Pool
from domain.errors.victims import VictimErased
from tests.activities.restoration.test_credit_accounts import NEW, SEEN
from tests.activities.restoration_bench import Home
from tests.activities.sealed_rows import seal_counted
from tests.factories import make_context
from tests.triggers import without_triggers

SHOWN = "SELECT to_jsonb(c)::text FROM credit_account c"
ERASE = "UPDATE person_key SET wrapped = NULL, destroyed_at = now(), destroyed_for = 'test'"


@pytest.fixture
async def home(database: Pool) -> Home:
    """Restorations on a database of their own, because a test changes its tables."""
    return Home(await make_context(database))


async def as_before(home: Home, *, both: bool) -> None:
    """Put the accounts into the form in which the release before, or `both` releases, wrote them."""
    rest = "" if both else ", person_id = NULL, sealed_name = NULL"
    async with without_triggers(home.ctx.pool, "credit_account"):
        await home.ctx.pool.execute(f"UPDATE credit_account SET holder_name = '{NEW.holder_name}'{rest}")


async def test_m10_the_name_of_an_account_to_be_credited_is_not_in_clear(home: Home) -> None:
    case_no = await home.hold(400)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    assert told.holder_name == "", "an act is no read"
    assert NEW.holder_name not in str(await home.bench.rows(SHOWN))
    for _ in range(2):
        assert (await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")).holder_name == ""
    assert [account.holder_name for account in (await told_for(home.ctx, case_no)).accounts] == [NEW.holder_name]


@pytest.mark.parametrize("both", [False, True])
async def test_names_of_the_release_before_are_read_and_then_sealed(home: Home, *, both: bool) -> None:
    case_no = await home.hold(400)
    await propose(home.ctx, case_no, NEW, "officer:desk")
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    await object_to(home.ctx, case_no, told.account_id, "not mine", "officer:desk")
    await as_before(home, both=both)
    again = await object_to(home.ctx, case_no, told.account_id, "not mine", "officer:desk")
    assert again.holder_name == "", "an act is no read"
    before = await told_for(home.ctx, case_no)
    assert {account.holder_name for account in before.accounts} == {NEW.holder_name}
    assert (await seal_counted(home.ctx))["accounts to be credited"] == 2
    assert await told_for(home.ctx, case_no) == before
    assert NEW.holder_name not in str(await home.bench.rows(SHOWN))
    assert (await seal_counted(home.ctx))["accounts to be credited"] == 0


async def test_a_sealed_name_does_not_change(home: Home, subtests: pytest.Subtests) -> None:
    case_no = await home.hold(400)
    await propose(home.ctx, case_no, NEW, "officer:desk")
    for change in (
        "sealed_name = '\\x00'",
        "person_id = NULL, sealed_name = NULL",
        "account = '123456789012'",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError):
            await home.bench.pool.execute(f"UPDATE credit_account SET {change}")


async def test_without_the_key_there_is_no_name_and_no_new_account(home: Home) -> None:
    case_no = await home.hold(400)
    await propose(home.ctx, case_no, NEW, "officer:desk")
    await home.bench.pool.execute(ERASE)
    assert [account.holder_name for account in (await told_for(home.ctx, case_no)).accounts] == [""]
    with pytest.raises(VictimErased):
        await propose(home.ctx, case_no, NEW, "officer:desk")
