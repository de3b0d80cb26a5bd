"""C1: an invented complaint about a known transfer takes nothing from a request that its bank does not have yet."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.recovery import withdrawals
from adapters.banks.protocol import BankUnreachable
from db.pool import Pool
from schemas.case.case_workflow import SendHoldRequest
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from tests.activities.bench import Bench
from tests.activities.case.test_hop_retries import later, sweep, tasks_in_full, unfound
from tests.activities.told import ask_after_pause, paused
from tests.factories import complaint, make_context, row, rrn, transfer

OTHER_PAYER = {"institution": "PUNB", "account": "40000000009"}
TRUE, INVENTED = 10_000_00, 1_00_000_00
MOVED_TO = {"institution": "ICIC", "account": "7770001"}


@pytest.fixture
async def own(database: Pool) -> AsyncIterator[Bench]:
    """A bench on a database of its own: the sweep looks at every case. Every case is checked at the end."""
    bench = Bench(await make_context(database))
    yield bench
    for (case_no,) in await bench.rows("SELECT case_no FROM case_file"):
        await bench.check(case_no)


async def undelivered(bench: Bench, reference: str) -> tuple[str, SendHoldRequest]:
    """A case whose bank is down, and the request that it has not got."""
    case_no = await bench.complain(transfer(TRUE, reference=reference))
    (order,) = await bench.orders(case_no)
    bench.bank.outcomes.append(BankUnreachable("HDFC", "down"))
    with pytest.raises(Exception, match="down"):
        await bench.freeze.send_hold_request(order)
    return case_no, order


async def tell(bench: Bench, reference: str, paise: int = TRUE, **changes: Any) -> str:
    """A later complaint about the same transfer; returns its number."""
    told = {name: change for name, change in changes.items() if change}
    return (await bench.take(complaint(transfer(paise, reference=reference, **told)))).receipt.ack_no


STANDS = "state, revision, institution, amount_paise"


async def test_c1_a_larger_amount_waits_until_the_bank_has_the_first_request(own: Bench) -> None:
    root = rrn()
    case_no, order = await undelivered(own, root)
    await tell(own, root, INVENTED, payer=OTHER_PAYER)
    assert (await sweep(own))[0].hops_raised == 0
    assert await own.hops(case_no, STANDS) == [("asked", 0, "HDFC", TRUE)]
    sent = await own.freeze.send_hold_request(order)
    assert sent.delivered
    assert [incident.amount_paise for incident in own.bank.tickets[-1][1].incidents] == [TRUE]
    swept, told = await sweep(own)
    assert (swept.hops_raised, len(told)) == (1, 1)
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", INVENTED)]
    second = await own.ask_one(case_no)
    await own.answer("HDFC", case_no, row(1, root, "0", status_code="02"), job_id=f"BANKS-{second.request_id}")
    await own.answer("HDFC", case_no, row(1, root, "10000.00"), job_id=f"BANKS-{sent.request_id}")
    assert (await own.buckets(case_no))["held"] == TRUE
    assert (await sweep(own))[0].hops_raised == 0


async def test_c1_a_larger_amount_waits_while_no_request_is_planned(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root), ack_no=await paused(own))
    await tell(own, root, INVENTED)
    await tell(own, root, 2 * TRUE)
    assert (await sweep(own))[0].hops_raised == 0
    assert await own.hops(case_no, STANDS) == [("open", 0, "HDFC", TRUE)]
    await ask_after_pause(own, case_no)
    assert (await sweep(own))[0].hops_raised == 1
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", INVENTED)], "the largest that was told"


async def test_c1_a_larger_amount_waits_until_a_bank_has_read_its_feed(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    sent = await own.ask_one(case_no)
    await own.pool.execute("UPDATE hold_request SET channel = 'pull'")
    await tell(own, root, INVENTED)
    assert (await sweep(own))[0].hops_raised == 0
    await own.pool.execute("UPDATE feed_entry SET acknowledged_at = now() WHERE request_id = $1::uuid", sent.request_id)
    assert (await sweep(own))[0].hops_raised == 1
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", INVENTED)]


async def test_c1_a_hop_that_no_bank_was_asked_about_gets_its_bank_and_keeps_its_amount(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root, payee_bank="Bank of Nowhere"))
    await tell(own, root, TRUE)
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", TRUE)]
    await tell(own, root, INVENTED)
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", TRUE)]


async def test_c1_a_larger_amount_of_a_withdrawn_complaint_is_never_asked_about(own: Bench) -> None:
    root = rrn()
    case_no, order = await undelivered(own, root)
    again = transfer(INVENTED, reference=root, payer=OTHER_PAYER)
    ack_no = (await own.take(complaint(again, transfer(500_00)))).receipt.ack_no
    wanted = NewWithdrawal(kind=WithdrawalKind.FALSE, hop_no=None, reason="invented")
    withdrawal_id = (await withdrawals.propose(own.ctx, ack_no, wanted, "officer:clerk")).withdrawal_id
    await withdrawals.agree(own.ctx, ack_no, withdrawal_id, "invented", "officer:chief")
    await own.freeze.send_hold_request(order)
    assert (await sweep(own))[0].hops_raised == 0
    assert (await own.hops(case_no, STANDS))[0] == ("asked", 0, "HDFC", TRUE)


# -- another bank ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payer", [OTHER_PAYER, None])
async def test_a_transfer_that_its_bank_does_not_find_is_asked_at_the_bank_told_later(
    own: Bench, payer: dict[str, str] | None
) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    await unfound(own, case_no, root)
    await tell(own, root, payee=MOVED_TO, payer=payer)
    swept, told = await sweep(own)
    assert (swept.hops_asked_again, len(told)) == (1, 1)
    assert await own.hops(case_no, f"{STANDS}, payee_holder") == [("asked", 1, "ICIC", TRUE, MOVED_TO["account"])]
    sent = await own.ask_one(case_no)
    await own.answer(
        "ICIC", case_no, row(1, root, "10000.00", root_account_number="7770001"), job_id=f"BANKS-{sent.request_id}"
    )
    assert await own.buckets(case_no) == {"lost": -TRUE, "held": TRUE}


async def test_another_bank_that_was_told_while_the_first_was_asked_is_asked_when_that_one_finds_nothing(
    own: Bench,
) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    sent = await own.ask_one(case_no)
    await tell(own, root, payee=MOVED_TO, payer=OTHER_PAYER)
    assert await own.hops(case_no, STANDS) == [("asked", 0, "HDFC", TRUE)]
    line = row(1, root, "0", status_code="01")
    await own.answer("HDFC", case_no, line, job_id=f"BANKS-{sent.request_id}")
    assert (await sweep(own))[0].hops_asked_again == 1, "at once"
    assert await own.hops(case_no, STANDS) == [("asked", 1, "ICIC", TRUE)]


async def test_an_invented_bank_takes_no_question_from_the_true_one(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    await unfound(own, case_no, root)
    await tell(own, root, payee=MOVED_TO, payer=OTHER_PAYER)
    banks = ["HDFC"]
    for _ in range(2 * own.ctx.policy.trail.ask_again.times):
        await later(own)
        assert (await sweep(own))[0].hops_asked_again == 1
        (bank,) = await own.hops(case_no, "institution")
        banks.append(bank)
        await unfound(own, case_no, root, bank=bank)
    assert banks == ["HDFC", "ICIC"] * 3 + ["HDFC"]
    await later(own)
    assert (await sweep(own))[0].hops_asked_again == 0
    assert ("transfer_not_found", {"code": "01", "institution": "HDFC"}) in await tasks_in_full(own, case_no)


async def test_money_that_the_first_bank_placed_in_part_stays_there(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    sent = await own.ask_one(case_no)
    job_id = f"BANKS-{sent.request_id}"
    lines = row(1, root, "4000.00"), row(1, root, "0", status_code="01")
    await own.answer("HDFC", case_no, *lines, job_id=job_id)
    await tell(own, root, payee=MOVED_TO)
    await later(own)
    await sweep(own)
    assert (await own.hops(case_no, "institution")) == ["HDFC"]


@pytest.mark.parametrize(("payer", "bank"), [(None, "ICIC"), (OTHER_PAYER, "HDFC")])
async def test_the_same_payer_moves_a_request_that_its_bank_has_not_got(
    own: Bench, payer: dict[str, str] | None, bank: str
) -> None:
    root = rrn()
    case_no, _ = await undelivered(own, root)
    await tell(own, root, payee=MOVED_TO, payer=payer)
    assert await own.hops(case_no, "institution") == [bank]
