"""The victim's bank in a restoration: its statement confirms a claim, and another payer stops the approval."""

import asyncpg
import pytest

from activities.case import payer_inquiries
from activities.context import Context
from db.case import cases, firs, ledger
from db.recovery import document_facts, payer_decisions, restoration_views
from db.recovery.claims import claims, confirmed_of, hops_at
from domain.case.ledger import move_between
from domain.errors.restoration import TransferContested, TransferNotAccepted
from schemas.case.payer_inquiries import FoundTransferDecision
from schemas.enums import Bucket, FoundDecision
from schemas.restoration_enums import ConfirmedBy
from tests.activities.bench import Bench
from tests.activities.case.test_payer_inquiries import at
from tests.activities.payers_bank import asking_context, debit
from tests.activities.recovery.test_payer_decisions import FIRST, credited, decided, to_prepared
from tests.activities.restoration_bench import Home
from tests.factories import moved, row, rrn, transfer

SENT, RECEIVED, NOTHING = ConfirmedBy.SENDING_BANK, ConfirmedBy.RECEIVING_BANK, ConfirmedBy.NOTHING


@pytest.fixture
def home(ctx: Context) -> Home:
    return Home(asking_context(ctx))


async def confirmed(bench: Bench, account: str) -> list[tuple[int, ConfirmedBy]]:
    async with bench.pool.acquire() as connection:
        return [(hop.confirmed.paise, hop.confirmed.by) for hop in await hops_at(connection, ("HDFC", account))]


async def not_found(home: Home, account: str) -> tuple[str, str]:
    """A complaint to which the receiving bank answers that it finds no such transfer."""
    root = rrn()
    payee = {"institution": "HDFC", "account": account}
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=payee))
    await home.bench.answer("HDFC", case_no, row(1, root, "0.00", status_code="01"))
    return case_no, root


async def test_a_confirmed_debit_is_the_sending_banks_statement(home: Home) -> None:
    account = rrn()
    case_no, root = await not_found(home, account)
    assert await confirmed(home.bench, account) == [(0, NOTHING)]
    await home.bench.answer("SBIN", case_no, debit(root, payee_account_number=account))
    assert await confirmed(home.bench, account) == [(1000_00, SENT)]


@pytest.mark.parametrize(
    "changes", [{"payee_account_number": "50100000000099"}, {"root_account_number": "30000000099"}]
)
async def test_a_debit_into_or_from_another_account_confirms_nothing(home: Home, changes: dict[str, str]) -> None:
    account = rrn()
    case_no, root = await not_found(home, account)
    await home.bench.answer("SBIN", case_no, debit(root, **{"payee_account_number": account} | changes))
    assert await confirmed(home.bench, account) == [(0, NOTHING)]


async def test_a_smaller_debit_confirms_its_own_amount_and_a_later_denial_takes_that_back(home: Home) -> None:
    account = rrn()
    case_no, root = await not_found(home, account)
    await home.bench.answer("SBIN", case_no, debit(root, "400.00", payee_account_number=account))
    assert await confirmed(home.bench, account) == [(400_00, SENT)]
    await home.bench.answer("SBIN", case_no, row(1, root, "0.00", status_code="01"))
    assert await confirmed(home.bench, account) == [(0, NOTHING)]


async def test_a_found_transfer_that_an_officer_took_is_confirmed_by_the_victims_bank(home: Home) -> None:
    account = rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=(root := rrn())))
    line = debit(root, "300.00", reference=rrn(), payee_account_number=account)
    await home.bench.answer("SBIN", case_no, line)
    (inquiry,) = (await payer_inquiries.of_case(home.ctx, case_no)).inquiries
    take = FoundTransferDecision(decision=FoundDecision.TAKEN, reason="fraud too")
    await payer_inquiries.decide(home.ctx, case_no, inquiry.found[0].found_id, take, "officer:desk")
    assert await confirmed(home.bench, account) == [(300_00, SENT)]


async def another_payer(home: Home, account: str) -> str:
    """A case with ₹400 on hold, whose victim's bank states this debited account."""
    case_no = await home.hold(400, payer=FIRST)
    ((root, paise, payee),) = await home.bench.rows(
        "SELECT reference, amount_paise, payee_holder FROM hop WHERE case_no = $1 AND hop_no = 1", case_no
    )
    line = debit(root, f"{paise // 100}.00", payee_account_number=payee, root_account_number=account)
    await home.bench.answer("SBIN", case_no, line)
    return case_no


async def test_no_approval_while_the_victims_bank_names_another_payer(home: Home) -> None:
    case_no = await another_payer(home, "30000000999")
    restoration_id = await home.of(case_no)
    await to_prepared(home, restoration_id)
    with pytest.raises(TransferContested, match=case_no):
        await home.approve(restoration_id)
    with pytest.raises(asyncpg.RestrictViolationError):
        await home.bench.pool.execute(
            "UPDATE restoration SET approved_by = 'x' WHERE restoration_id = $1", restoration_id
        )
    async with home.bench.pool.acquire() as connection:
        opens = home.ctx.persons.open_stored
        view = await restoration_views.get(connection, restoration_id, home.clock.at, (), opens)
    assert [(one.hop_no, one.undecided, one.bank_differs) for one in view.contested] == [(1, True, True)]
    await decided(home, case_no, case_no)
    await home.approve(restoration_id)
    assert await credited(home, case_no) == [(case_no, "SBIN", FIRST["account"])]
    await home.check(case_no)


async def test_a_confirmed_payer_is_marked_and_stops_nothing(home: Home) -> None:
    case_no = await another_payer(home, f"00{FIRST['account']}")
    (inquiry,) = (await payer_inquiries.of_case(home.ctx, case_no)).inquiries
    assert [one.payer_confirmed for one in inquiry.statements] == [True]
    restoration_id = await home.of(case_no)
    await to_prepared(home, restoration_id)
    await home.approve(restoration_id)


async def test_no_approval_of_a_taken_transfer_whose_debited_account_is_another(home: Home) -> None:
    account, found = rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=(root := rrn())))
    line = debit(root, "300.00", reference=found, payee_account_number=account, root_account_number="30000000999")
    await home.bench.answer("SBIN", case_no, line)
    (inquiry,) = (await payer_inquiries.of_case(home.ctx, case_no)).inquiries
    assert inquiry.found[0].payer_differs
    take = FoundTransferDecision(decision=FoundDecision.TAKEN, reason="fraud too")
    await payer_inquiries.decide(home.ctx, case_no, inquiry.found[0].found_id, take, "officer:desk")
    async with home.bench.pool.acquire() as connection:
        contested = await payer_decisions.contested(connection, case_no)
    assert [(one.hop_no, one.undecided, one.bank_differs) for one in contested] == [(2, True, True)]


async def test_no_approval_of_money_that_no_person_has_said_is_lost(home: Home) -> None:
    case_no = await home.hold(400, payer=FIRST)
    restoration_id = await home.of(case_no)
    await to_prepared(home, restoration_id)
    paise = await home.bench.value("SELECT disputed_paise FROM hop WHERE case_no = $1 AND hop_no = 1", case_no)
    async with home.bench.pool.acquire() as connection, connection.transaction():
        # As if only the victim's bank had named the transfer.
        outside = move_between(1, Bucket.PROPOSED, Bucket.LOST, paise)
        await ledger.post(connection, case_no, "test", f"test|{case_no}", home.clock.at, outside)
    with pytest.raises(TransferNotAccepted, match="hops 1"):
        await home.approve(restoration_id)
    with pytest.raises(asyncpg.RestrictViolationError, match="no person"):
        await home.bench.pool.execute(
            "UPDATE restoration SET approved_by = 'x' WHERE restoration_id = $1", restoration_id
        )


async def test_police_and_courts_are_told_only_of_transfers_that_a_person_said_are_lost(home: Home) -> None:
    case_no = await home.bench.complain(transfer(1000_00, reference=(root := rrn())))
    told_at = await home.bench.value("SELECT transferred_at FROM hop WHERE case_no = $1", case_no)
    near = debit(root, "600.00", reference=(found := rrn()), transaction_datetime=at(told_at))
    await home.bench.answer("SBIN", case_no, near, signed=True)
    assert (await home.bench.buckets(case_no))["proposed"] == -600_00

    async def stated() -> tuple[list[str], list[str], int]:
        async with home.bench.pool.acquire() as connection:
            report = await firs.report_facts(connection, case_no)
            letters = await document_facts.transfers(connection, case_no, case_no)
            sums = await cases.buckets(connection, case_no, case_no)
        assert sum(paise for bucket, paise in sums.items() if bucket is not Bucket.LOST) == sums[Bucket.LOST]
        return [one.reference for one in report.transfers], [one.reference for one in letters], report.loss_paise

    assert await stated() == ([root], [root], 1000_00)
    (inquiry,) = (await payer_inquiries.of_case(home.ctx, case_no)).inquiries
    take = FoundTransferDecision(decision=FoundDecision.TAKEN, reason="fraud too")
    await payer_inquiries.decide(home.ctx, case_no, inquiry.found[0].found_id, take, "officer:desk")
    assert await stated() == ([root, found], [root, found], 1600_00)


async def test_a_bank_that_holds_more_than_the_victims_bank_debited_confirms_only_the_debit(home: Home) -> None:
    """An invented amount: the account's bank holds other money too, and the victim's bank says what was sent."""
    account, root = rrn(), rrn()
    payee = {"institution": "HDFC", "account": account}
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=payee))
    await home.bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert await confirmed(home.bench, account) == [(1000_00, RECEIVED)]
    await home.bench.answer("SBIN", case_no, debit(root, "100.00", payee_account_number=account))
    assert await confirmed(home.bench, account) == [(100_00, RECEIVED)]
    async with home.bench.pool.acquire() as connection:
        (claim,) = await claims(connection, ("HDFC", account))
        assert await confirmed_of(connection, case_no, [1]) == {1: 100_00}
    assert (claim.claim.claim_paise, claim.claim.excess_paise) == (1000_00, 900_00)
    await home.bench.pool.execute(
        "INSERT INTO hop_correction (case_no, hop_no, revision, corrected_at, corrected_by, before, after)"
        " VALUES ($1, 1, 1, present_moment(), 'x', '{}', '{\"reference\": \"1\"}')",
        case_no,
    )
    assert await confirmed(home.bench, account) == [(1000_00, RECEIVED)], "the debit was another transfer"


async def test_what_the_bank_above_says_that_it_sent_limits_a_complaint_about_the_same_transfer(home: Home) -> None:
    root, onward, account = rrn(), rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root))
    payee = {"institution": "ICIC", "account": account}
    await home.bench.complain(transfer(500_00, reference=root), transfer(9000_00, reference=onward, payee=payee))
    await home.bench.answer("HDFC", case_no, moved(root, "600.00", "ICIC", account, rrn_transaction_id=onward))
    await home.bench.answer("ICIC", case_no, row(1, onward, "9000.00", root_account_number=account))
    async with home.bench.pool.acquire() as connection:
        assert (await confirmed_of(connection, case_no, [2]))[2] <= 600_00
