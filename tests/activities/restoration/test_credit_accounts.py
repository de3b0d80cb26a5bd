"""Where a victim is credited: the account that paid, or another that two officers have put in its place."""

import asyncpg
import pytest

from activities.context import Context
from activities.orders.orders import cancel_order
from activities.restoration.credit_accounts import NoSuchAccount, confirm, propose
from domain.errors import NotFound, NotNow, SameEyes
from domain.errors.restoration import CreditAccountDiffers
from schemas.restoration.credit_accounts import NewCreditAccount, SeenAccount
from tests.activities.restoration_bench import Home
from tests.desk_tasks import notes

PAYER = {"institution": "SBIN", "account": "30000000777", "ifsc": "sbin0001234"}
NEW = NewCreditAccount(
    holder_name="a victim",
    account="50100000000042",
    ifsc="ICIC0000042",
    institution="ICICI Bank",
    reason="the account that paid is closed",
    proof="passbook, letter of the bank of 12-11-2026",
)
SEEN = SeenAccount(account=NEW.account, ifsc=NEW.ifsc)


@pytest.fixture
def home(ctx: Context) -> Home:
    return Home(ctx)


async def credited(home: Home, case_no: str) -> list[tuple[str, ...]]:
    return await home.bench.rows(
        "SELECT beneficiary_institution, beneficiary_holder, beneficiary_ifsc FROM bank_order_line l"
        " JOIN bank_order o USING (order_id) WHERE l.case_no = $1 ORDER BY o.planned_at DESC LIMIT 1",
        case_no,
    )


async def test_an_order_names_the_ifsc_that_the_victim_named(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    await home.to_credit(await home.of(case_no))
    assert await credited(home, case_no) == [("SBIN", "30000000777", "SBIN0001234")]


async def test_another_account_is_credited_once_two_officers_have_put_it_in_place(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    restoration_id = await home.of(case_no)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    assert (told.institution, told.same_name, told.confirmed_at) == ("ICIC", True, None)
    with pytest.raises(SameEyes):
        await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:desk")
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await home.bench.pool.execute("UPDATE credit_account SET confirmed_by = told_by, confirmed_at = now()")
    assert error.value.constraint_name == "credit_account_four_eyes"
    other = SEEN.model_copy(update={"account": "50100000000043"})
    with pytest.raises(CreditAccountDiffers):
        await confirm(home.ctx, case_no, told.account_id, other, "officer:boss")
    first = await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    assert await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss") == first
    with pytest.raises(asyncpg.RestrictViolationError):
        await home.bench.pool.execute("UPDATE credit_account SET account = '123456789'")
    await home.to_credit(restoration_id)
    assert await credited(home, case_no) == [("ICIC", NEW.account, "ICIC0000042")]
    log = await home.bench.events(case_no)
    assert [kind for kind in log if kind.startswith("credit_account")] == [
        "credit_account_told",
        "credit_account_confirmed",
    ]
    text = str(await home.bench.rows("SELECT data FROM case_event WHERE case_no = $1", case_no))
    assert NEW.account not in text


async def test_the_second_officer_has_a_task_that_names_the_account_until_it_is_confirmed(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    other = await propose(home.ctx, case_no, NEW.model_copy(update={"account": "50100000000044"}), "officer:desk")
    pool, tasks = home.bench.pool, "case_no = $1 AND kind = 'supervise' AND state = 'open'"
    asked = [f"account {one.account_id} to be credited: a second officer is needed" for one in (told, other)]
    assert await notes(pool, tasks, case_no) == asked
    await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    assert await notes(pool, tasks, case_no) == asked[1:]


async def test_what_nobody_confirmed_is_not_credited(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    await propose(home.ctx, case_no, NEW, "officer:desk")
    await home.to_credit(await home.of(case_no))
    assert await credited(home, case_no) == [("SBIN", "30000000777", "SBIN0001234")]


async def test_what_was_made_ready_is_made_ready_again(home: Home) -> None:
    case_no = await home.hold(400)
    restoration_id = await home.of(case_no)
    await home.to_approval(restoration_id)
    await home.tick(restoration_id)
    await home.prepare(restoration_id)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    query = "SELECT prepared_by FROM restoration WHERE restoration_id = $1"
    assert await home.bench.value(query, restoration_id) is None


async def test_while_a_bank_is_ordered_to_credit_the_other_account_it_is_not_the_time(home: Home) -> None:
    case_no = await home.hold(400)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    await home.to_credit(await home.of(case_no))
    with pytest.raises(NotNow):
        await propose(home.ctx, case_no, NEW, "officer:desk")
    with pytest.raises(NotNow):
        await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    await home.bench.pool.execute("UPDATE bank_order SET state = 'refused' WHERE order_id = $1", order_id)
    assert (await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")).confirmed_at
    await cancel_order(home.ctx, order_id, "the account is closed", "officer:sp")


@pytest.mark.parametrize(
    "changes",
    [{"institution": "HDFC Bank"}, {"ifsc": "ZZZZ0000001"}, {"institution": "no bank", "ifsc": "ZZZZ0000001"}],
)
async def test_bank_and_ifsc_fit_together(home: Home, changes: dict[str, str]) -> None:
    case_no = await home.hold(400)
    with pytest.raises(NoSuchAccount):
        await propose(home.ctx, case_no, NEW.model_copy(update=changes), "officer:desk")
    with pytest.raises(NotFound):
        await propose(home.ctx, "29999999999999", NEW, "officer:desk")
