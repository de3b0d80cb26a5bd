"""D1 and D11: no hop is larger than its transfer, and no transfer carries more than it moved."""

from datetime import UTC, datetime

import asyncpg
import pytest

from activities.case.answers import take_status_update
from activities.recovery import hold_lifecycle, withdrawals
from activities.workbook.trail_lines import Fate
from adapters.banks.answers import StatusUpdate
from adapters.banks.stated import Answerer, Stated, to_lines
from schemas.case.answers import MovedLine, Payee
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from tests.activities.bench import Bench
from tests.activities.told import a_case, ask_after_pause, paused
from tests.activities.workbooks import TRANSFER, ack, take
from tests.domain.trail_books import moved as book_row
from tests.domain.trail_books import read, sheet
from tests.factories import moved, row, rrn, transfer

HOPS = "amount_paise, disputed_paise"
ABOVE = [("disputed_above_amount", 8000_00, 5000_00)]


async def asked_for(bench: Bench, case_no: str, bank: str) -> list[tuple[int, int]]:
    """Send every planned request; return amount and disputed amount of each incident of that bank's requests."""
    await bench.ask(case_no)
    tickets = [ticket for code, ticket in bench.bank.tickets if code == bank]
    return [(one.amount_paise, one.disputed_paise) for ticket in tickets for one in ticket.incidents]


async def test_d1_over_the_wire_the_next_bank_is_asked_for_the_transfer_that_exists(bench: Bench) -> None:
    case_no, root = await a_case(bench, 10_000_00)
    line = moved(root, "5000.00", "ICIC", "000123456789", disputed_amount="8000.00")
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, line)
    assert await bench.discrepancies(case_no) == ABOVE
    assert await bench.hops(case_no, HOPS) == [(10_000_00, 10_000_00), (5000_00, 5000_00)]
    assert await bench.hops(case_no) == ["asked", "asked"], "the rest is still asked about at the first bank"
    assert await asked_for(bench, case_no, "ICIC") == [(5000_00, 5000_00)]
    await bench.answer("ICIC", case_no, row(1, line["rrn_transaction_id"], "5000.00"))
    assert await bench.buckets(case_no) == {"lost": -10_000_00, "held": 5000_00, "in_play": 5000_00}
    told = "SELECT amount_paise, claim_paise, applied_paise FROM answer WHERE case_no = $1 AND kind = 'moved'"
    kept = await bench.rows(told, case_no)
    assert kept == [(5000_00, 8000_00, 5000_00)], "as the bank wrote it"
    assert ("resolve_discrepancy", 1) in await bench.tasks(case_no)
    await bench.check(case_no)


async def test_d1_an_amount_of_zero_is_not_stated(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    line = moved(root, "0", "ICIC", "000123456789", disputed_amount="800.00")
    await bench.answer("HDFC", case_no, line)
    assert await bench.discrepancies(case_no) == []
    assert (await bench.hops(case_no, HOPS))[1:] == [(800_00, 800_00)]


async def test_d1_in_a_workbook(bench: Bench) -> None:
    number, root = ack(), rrn()
    rows = [
        book_row(1, root, root, 10_000, ack_no=number),
        book_row(2, root, rrn(), 5_000, disputed=8_000, bank="ICIC", ifsc="", ack_no=number),
    ]
    outcome = await take(bench, read(sheet(TRANSFER, *rows)))
    assert await bench.hops(number, HOPS) == [(10_000_00, 10_000_00), (5000_00, 5000_00)]
    (found,) = [used for used in outcome.used if used.fate is Fate.DISCREPANCY]
    assert (found.discrepancy, found.claimed_paise, found.applied_paise) == ABOVE[0]
    assert (await bench.buckets(number))["in_play"] == 10_000_00


async def test_d1_on_the_answer_page(bench: Bench) -> None:
    case_no, root = await a_case(bench, 10_000_00)
    at = datetime.now(UTC)
    payee = Payee(institution="ICIC", account="000123456789")
    onward = MovedLine.model_construct(
        kind="moved", hop=1, amount_paise=8000_00, transfer_paise=5000_00, reference=rrn(), at=at, payee=payee
    )
    lines = to_lines([Stated(root, (onward,))], Answerer("A. Clerk", "manager"), at)
    await take_status_update(bench.ctx, "HDFC", StatusUpdate(ack_no=case_no, job_id=None, lines=lines), b"page")
    assert await bench.discrepancies(case_no) == ABOVE
    assert (await bench.hops(case_no, HOPS))[1:] == [(5000_00, 5000_00)]


HOPS_AGAIN = (
    "INSERT INTO hop SELECT (jsonb_populate_record(h, jsonb_build_object('hop_no', h.hop_no + n, 'amount_paise',"
    " h.amount_paise + $2::bigint, 'disputed_paise', $3::bigint))).* FROM hop h, generate_series(1, $4) AS n"
    " WHERE h.case_no = $1 AND h.hop_no = 2"
)
LARGER = pytest.mark.parametrize(("more_paise", "disputed_paise", "hops"), [(1, 1, 1), (0, 600_00, 2)])


@LARGER
async def test_d1_postgresql_refuses_hops_larger_than_the_transfer_that_was_told(
    bench: Bench, more_paise: int, disputed_paise: int, hops: int
) -> None:
    case_no, root = await a_case(bench, 10_000_00)
    await bench.answer("HDFC", case_no, moved(root, "800.00", "ICIC", "000123456789", amount="1000.00"))
    with pytest.raises(asyncpg.CheckViolationError, match="larger than its transfer"):
        await bench.pool.execute(HOPS_AGAIN, case_no, more_paise, disputed_paise, hops)


# -- one transfer, told by two banks -------------------------------------------------------------------------------


async def two_banks(bench: Bench, amount: str, ack_no: str | None = None) -> tuple[str, str, str]:
    """A case with ₹1,000 at HDFC and at PUNB, of which HDFC has sent ₹600 on to ICIC; and both references after it."""
    here, there, onward = rrn(), rrn(), rrn()
    case_no = await bench.complain(
        transfer(1000_00, reference=here), transfer(1000_00, payee_bank="PUNB", reference=there), ack_no=ack_no
    )
    await bench.ask(case_no)
    line = moved(here, "600.00", "ICIC", "000123456789", rrn_transaction_id=onward, amount=amount)
    await bench.answer("HDFC", case_no, line)
    return case_no, there, onward


async def test_d11_a_reference_named_again_by_another_bank_is_no_second_hop(bench: Bench) -> None:
    case_no, there, onward = await two_banks(bench, "600.00")
    again = moved(there, "600.00", "ICIC", "123456789", rrn_transaction_id=onward)
    await bench.answer("PUNB", case_no, again)
    assert len(await bench.hops(case_no)) == 3
    assert await bench.discrepancies(case_no) == [("sent_by_two", 600_00, 0)]
    assert await bench.tasks(case_no) == [("resolve_discrepancy", 2)]
    assert await bench.hops(case_no) == ["asked", "asked", "asked"], "the other bank is still asked"
    assert await asked_for(bench, case_no, "ICIC") == [(600_00, 600_00)]
    assert await bench.buckets(case_no) == {"lost": -2000_00, "in_play": 2000_00}
    await bench.check(case_no)


async def test_d11_another_account_of_the_same_reference_is_a_discrepancy(bench: Bench) -> None:
    case_no, there, onward = await two_banks(bench, "5000.00")
    await bench.answer("PUNB", case_no, moved(there, "600.00", "SBIN", "777", rrn_transaction_id=onward))
    assert len(await bench.hops(case_no)) == 3
    assert await bench.discrepancies(case_no) == [("sent_by_two", 600_00, 0)]
    await bench.check(case_no)


@pytest.mark.parametrize("asked", [True, False])
async def test_a_complaint_takes_no_place_in_a_transfer_that_a_bank_sent(bench: Bench, *, asked: bool) -> None:
    """A mule tells the transfer onward as his own loss: the victim's money is traced, and the bank is asked once."""
    here, onward = rrn(), rrn()
    account = {"institution": "ICIC", "account": "000123456789"}
    told = [transfer(1000_00, reference=here), transfer(1000_00, reference=onward, payee=account)]
    case_no = await bench.complain(*told, ack_no=None if asked else await paused(bench))
    await bench.ask(case_no)
    bench.bank.tickets.clear()
    line = moved(here, "1000.00", "ICIC", "000123456789", rrn_transaction_id=onward)
    await bench.answer("HDFC", case_no, line)
    assert await bench.discrepancies(case_no) == [("claimed_twice", 2000_00, 1000_00)]
    assert await bench.tasks(case_no) == [("resolve_discrepancy", 1)]
    assert (await bench.hops(case_no, "parent_hop_no, disputed_paise, revision"))[1:] == [
        (None, 1000_00, int(asked)),
        (1, 1000_00, 0),
    ]
    said = await bench.value("SELECT data FROM case_event WHERE case_no = $1 AND kind = 'answer_received'", case_no)
    assert (said["confirmed"], said.get("asked_together")) == ([], [2] if asked else None)
    if not asked:
        await ask_after_pause(bench, case_no)
    assert await asked_for(bench, case_no, "ICIC") == [(1000_00, 1000_00)]
    live = "SELECT count(DISTINCT request_id) FROM request_hop WHERE case_no = $1 AND hop_no IN (2, 3) AND live"
    assert await bench.value(live, case_no) == 1
    await bench.check(case_no)
    await bench.answer("ICIC", case_no, row(1, onward, "1000.00"))
    held = "SELECT hop_no FROM ledger_balance WHERE case_no = $1 AND bucket = 'held' AND balance_paise > 0"
    assert await bench.rows(held, case_no) == [(3,)]
    await bench.check(case_no)


async def test_a_bank_that_has_answered_for_a_complaint_is_not_asked_again_about_the_transfer(bench: Bench) -> None:
    """The bank above names the transfer later. When the complaint is withdrawn, the money on hold is the victim's."""
    here, onward = rrn(), rrn()
    account = {"institution": "ICIC", "account": "000123456789"}
    case_no = await bench.complain(
        transfer(1000_00, reference=here), transfer(1000_00, reference=onward, payee=account)
    )
    await bench.ask(case_no)
    await bench.answer("ICIC", case_no, row(1, onward, "1000.00"))
    bench.bank.tickets.clear()
    line = moved(here, "1000.00", "ICIC", "000123456789", rrn_transaction_id=onward)
    await bench.answer("HDFC", case_no, line)
    assert await bench.hops(case_no, "state, parent_hop_no") == [("closed", None), ("closed", None), ("closed", 1)]
    assert await bench.discrepancies(case_no) == [("claimed_twice", 2000_00, 1000_00)]
    await bench.ask(case_no)
    assert bench.bank.tickets == []
    assert await bench.buckets(case_no) == {"lost": -2000_00, "held": 1000_00, "untraced": 1000_00}
    await bench.check(case_no)
    assert (await bench.settle(case_no)).settled
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    new = NewWithdrawal(kind=WithdrawalKind.FALSE, hop_no=2, reason="the bank above names another payer")
    withdrawal_id = (await withdrawals.propose(bench.ctx, case_no, new, "officer:clerk")).withdrawal_id
    await withdrawals.agree(bench.ctx, case_no, withdrawal_id, "so it is", "officer:chief")
    held = "SELECT hop_no FROM ledger_balance WHERE case_no = $1 AND bucket = 'held' AND balance_paise > 0"
    assert await bench.rows(held, case_no) == [(3,)]
    await bench.check(case_no)


@pytest.mark.parametrize("planned_together", [True, False])
async def test_d11_shared_money_of_two_banks_is_one_incident_of_a_request(
    bench: Bench, *, planned_together: bool
) -> None:
    """Hops that one transaction plans share one incident. Each answer otherwise makes a request about its own part."""
    number = await paused(bench) if planned_together else None
    case_no, there, onward = await two_banks(bench, "1500.00", number)
    line = moved(there, "600.00", "ICIC", "000123456789", rrn_transaction_id=onward, amount="1500.00")
    await bench.answer("PUNB", case_no, line)
    assert await bench.discrepancies(case_no) == []
    assert (await bench.hops(case_no, "parent_hop_no, disputed_paise"))[2:] == [(1, 600_00), (2, 600_00)]
    flags = await bench.value("SELECT flags FROM hop WHERE case_no = $1 AND hop_no = 4", case_no)
    assert [flag["code"] for flag in flags] == ["sent_by_another_bank"]
    if planned_together:
        await ask_after_pause(bench, case_no)
    parts = [(1500_00, 1200_00)] if planned_together else [(1500_00, 600_00)] * 2
    assert await asked_for(bench, case_no, "ICIC") == parts
    assert sum(code == "ICIC" for code, _ in bench.bank.tickets) == len(parts)
    await bench.check(case_no)
