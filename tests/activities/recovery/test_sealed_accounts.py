"""Names of accounts to be credited are sealed under the key of the victim."""

import asyncpg
import pytest

from activities.recovery.credit_accounts import confirm, propose, told_for
from db.pool import Pool
from domain.errors.people import VictimErased
from tests.activities.recovery.test_credit_accounts import NEW, SEEN
from tests.activities.restoration_bench import Home
from tests.factories import make_context

SHOWN = "SELECT to_jsonb(c)::text FROM credit_account c"
ERASE = "UPDATE person_key SET wrapped = NULL, destroyed_at = now(), destroyed_for = 'test'"


@pytest.fixture
async def home(database: Pool) -> Home:
    """Restorations on a database of their own, because a test changes its tables."""
    return Home(await make_context(database))


async def test_m10_the_name_of_an_account_to_be_credited_is_not_in_clear(home: Home) -> None:
    case_no = await home.hold(400)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    assert told.holder_name == "", "an act is no read"
    assert NEW.holder_name not in str(await home.bench.rows(SHOWN))
    for _ in range(2):
        assert (await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")).holder_name == ""
    assert [account.holder_name for account in (await told_for(home.ctx, case_no)).accounts] == [NEW.holder_name]


async def test_a_sealed_name_does_not_change(home: Home, subtests: pytest.Subtests) -> None:
    case_no = await home.hold(400)
    await propose(home.ctx, case_no, NEW, "officer:desk")
    for change in (
        "sealed_name = sealed_name || '\\x00'",
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
