"""Withdrawal of a complaint by two officers: what leaves the loss, who gets what is on hold, what is refused (M2)."""

from uuid import UUID

import asyncpg
import pytest

from activities.case.desk import add_hop, stop_request
from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.recovery import restoration_deadlines, withdrawals
from activities.recovery.confirmations import take_confirmation
from activities.recovery.orders import cancel_order
from db.recovery import bank_orders
from domain.errors import NotFound
from domain.errors.case import HopWithdrawn
from domain.errors.recovery import HoldKeptByCourt
from domain.errors.restoration import (
    AlreadyWithdrawn,
    MoneyJustHeld,
    NotATransferOfComplaint,
    NothingToReopen,
    TransferContested,
    WithdrawalDecided,
    WithdrawalNeedsSecondOfficer,
    WithdrawalNotFound,
    WithdrawalProposed,
    WithdrawnMoneyOrdered,
    WithdrawnMoneyPrepared,
)
from schemas.case.discrepancies import NewResolution
from schemas.enums import ResolutionDecision
from schemas.recovery.officer_steps import NewWithdrawal, Withdrawal, WithdrawalDecision, WithdrawalKind
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from schemas.recovery.restorations import ReopenReason
from tests.activities.desk_words import new_hop
from tests.activities.recovery.test_claims import at, invent, stated
from tests.activities.recovery.test_payer_decisions import FIRST, claimed_twice, decided, told_again
from tests.activities.restoration_bench import SUPERVISOR, WHY, Home
from tests.factories import complaint, moved, row, rrn, transfer

CLERK, CHIEF = "officer:clerk", "officer:chief"


def new(hop_no: int | None = None, kind: WithdrawalKind = WithdrawalKind.FALSE) -> NewWithdrawal:
    return NewWithdrawal(kind=kind, hop_no=hop_no, reason="the victim says so")


async def propose(home: Home, ack_no: str, hop_no: int | None = None) -> int:
    return (await withdrawals.propose(home.ctx, ack_no, new(hop_no), CLERK)).withdrawal_id


async def withdraw(home: Home, ack_no: str, hop_no: int | None = None) -> Withdrawal:
    withdrawal_id = await propose(home, ack_no, hop_no)
    done, follow_up = await withdrawals.agree(home.ctx, ack_no, withdrawal_id, WHY, CHIEF)
    await home.bench.note(follow_up)
    await home.check(ack_no)
    return done


# -- two officers ------------------------------------------------------------------------------------------------------


async def test_an_invented_complaint_leaves_the_loss_and_the_requests(home: Home) -> None:
    account = f"5{rrn()}"
    case_no = await home.bench.complain(transfer(5000_00, payee=at(account)))
    await home.bench.ask_one(case_no)
    done = await withdraw(home, case_no)
    assert (done.decision, done.decided_by, done.hop_nos) == (WithdrawalDecision.AGREED, CHIEF, (1,))
    assert await home.bench.buckets(case_no) == {}
    assert await home.bench.hops(case_no) == ["closed"]
    assert await home.bench.rows("SELECT state FROM hold_request WHERE case_no = $1", case_no) == [("superseded",)]
    assert await home.bench.tasks(case_no) == []
    (told,) = await home.events(case_no, "complaint_withdrawn")
    assert (told["kind"], told["reason"], told["proposed_by"]) == ("false", "the victim says so", CLERK)
    assert (await home.bench.value("SELECT count(*) FROM complaint WHERE ack_no = $1", case_no)) == 1


async def test_one_officer_alone_withdraws_nothing(home: Home) -> None:
    case_no = await home.bench.complain(transfer(5000_00))
    withdrawal_id = await propose(home, case_no)
    assert ("supervise", None) in await home.bench.tasks(case_no)
    with pytest.raises(WithdrawalNeedsSecondOfficer):
        await withdrawals.agree(home.ctx, case_no, withdrawal_id, WHY, CLERK)
    assert await home.bench.buckets(case_no) == {"lost": -5000_00, "in_play": 5000_00}
    with pytest.raises(WithdrawalProposed):
        await propose(home, case_no)


async def test_postgresql_holds_the_four_eyes(home: Home) -> None:
    """Also against code that forgets to ask."""
    case_no = await home.bench.complain(transfer(5000_00))
    withdrawal_id = await propose(home, case_no)
    pool = home.bench.pool
    decide = (
        "UPDATE withdrawal SET decision = 'agreed', decided_by = $2, decided_reason = '-', decided_at = now()"
        " WHERE withdrawal_id = $1"
    )
    take_out = "INSERT INTO withdrawn_hop (case_no, hop_no, withdrawal_id) VALUES ($1, 1, $2)"
    with pytest.raises(asyncpg.CheckViolationError, match="withdrawal_four_eyes"):
        await pool.execute(decide, withdrawal_id, CLERK)
    with pytest.raises(asyncpg.CheckViolationError, match="no second officer"):
        await pool.execute(take_out, case_no, withdrawal_id)
    await pool.execute(decide, withdrawal_id, CHIEF)
    for change in (decide, "UPDATE withdrawal SET reason = $2 WHERE withdrawal_id = $1"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(change, withdrawal_id, "officer:other")
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("DELETE FROM withdrawal WHERE withdrawal_id = $1", withdrawal_id)


async def test_a_rejected_withdrawal_has_no_effect_and_may_be_proposed_again(home: Home) -> None:
    case_no = await home.bench.complain(transfer(5000_00))
    withdrawal_id = await propose(home, case_no)
    done = await withdrawals.reject(home.ctx, case_no, withdrawal_id, "the bank found it", CHIEF)
    assert (done.decision, done.decided_reason) == (WithdrawalDecision.REJECTED, "the bank found it")
    assert await home.bench.tasks(case_no) == []
    with pytest.raises(WithdrawalDecided):
        await withdrawals.agree(home.ctx, case_no, withdrawal_id, WHY, CHIEF)
    await withdraw(home, case_no)
    listed = await withdrawals.told_for(home.ctx, case_no)
    assert [one.decision for one in listed.withdrawals] == ["agreed", "rejected"]
    with pytest.raises(AlreadyWithdrawn):
        await propose(home, case_no)


async def test_what_is_not_there_is_not_withdrawn(home: Home) -> None:
    case_no = await home.bench.complain(transfer(5000_00))
    with pytest.raises(NotATransferOfComplaint):
        await propose(home, case_no, 2)
    with pytest.raises(WithdrawalNotFound):
        await withdrawals.agree(home.ctx, case_no, 10**9, WHY, CHIEF)
    with pytest.raises(NotFound):
        await propose(home, "39999999999999")


# -- the money ---------------------------------------------------------------------------------------------------------


async def test_what_a_bank_confirmed_stays_in_the_loss(home: Home) -> None:
    """₹300 were withdrawn and ₹200 sent on; of ₹1,000 told, ₹500 were never seen by a bank."""
    account, root, onward = f"5{rrn()}", rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(account)))
    sent_on = moved(root, "200.00", "ICIC", f"7{rrn()}", rrn_transaction_id=onward, disputed_amount="200.00")
    await home.bench.answer("HDFC", case_no, row(5, root, "300.00"), sent_on | {"amount": "600.00"})
    for sent in await home.bench.ask(case_no):
        await stop_request(home.ctx, case_no, UUID(sent.request_id), "no answer", CLERK)
    await withdraw(home, case_no)
    found = await home.bench.buckets(case_no)
    assert (found["lost"], found["withdrawn"]) == (-500_00, 300_00)
    assert await stated(home.bench, account) == [(500, "receiving_bank", 0)]


async def test_money_on_hold_goes_back_to_the_holder(home: Home) -> None:
    case_no = await home.hold(400, 600)
    restoration = await home.of(case_no)
    await withdraw(home, case_no)
    assert await home.orders(case_no) == [("release", "complaint_withdrawn", "HDFC", 400_00)]
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    async with home.bench.pool.acquire() as connection:
        lines = await bank_orders.lines_of(connection, order_id)
    done = tuple(
        ConfirmedLine(line_no=line.line_no, amount_paise=line.amount_paise, done_at=home.clock.at, reference=rrn())
        for line in lines
    )
    await take_confirmation(home.ctx, "HDFC", order_id, OrderConfirmation(lines=done), "bank:HDFC")
    assert await home.bench.buckets(case_no) == {"lost": -1000_00, "withdrawn": 600_00, "released": 400_00}
    await home.tick(restoration)
    assert (await home.at(restoration))[0] == "cancelled"
    await home.check(case_no)


async def test_a_release_that_is_cancelled_opens_no_restoration(home: Home) -> None:
    """No complaint claims the money: without another order the hold lapses."""
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await withdraw(home, case_no)
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    await cancel_order(home.ctx, order_id, "the bank asks for another", CHIEF)
    await home.open_for_new_holds(case_no)
    assert await home.bench.value("SELECT count(*) FROM restoration WHERE ack_no = $1", case_no) == 1
    await home.tick(restoration)
    assert (await home.at(restoration))[0] == "cancelled"
    with pytest.raises(NothingToReopen):
        await restoration_deadlines.reopen(home.ctx, restoration, ReopenReason(reason=WHY), SUPERVISOR)
    await home.check(case_no)


async def test_money_on_hold_goes_to_the_other_victims_of_the_account_first(home: Home) -> None:
    account = f"5{rrn()}"
    victim, liar = await home.hold(0, 300, account=account), await home.hold(500, account=account)
    await withdraw(home, liar)
    assert await home.bench.buckets(victim) == {"lost": -300_00, "held": 300_00}
    assert await home.orders(liar) == [("release", "complaint_withdrawn", "HDFC", 200_00)]
    await home.check(victim)
    (told,) = await home.events(victim, "allocated")
    assert told["shares"] == [[1, 300_00, 0, 300_00]]


async def test_a_share_that_no_bank_confirmed_goes_back(home: Home) -> None:
    """An invented complaint has ₹100 of the victim's money on hold."""
    account = f"5{rrn()}"
    victim, liar = await home.hold(400, 600, account=account), await invent(home.bench, account)
    for case_no, buckets in ((victim, ["held", "refused"]), (liar, ["refused", "held"])):
        await home.bench.pool.execute(
            "SELECT ledger_post($1, 'allocation', $2, now(), '{1,1}', $3::text[], '{-10000,10000}')",
            *(case_no, rrn(), buckets),
        )
    await home.open_for_new_holds(liar)
    await withdrawals.agree(home.ctx, liar, await propose(home, liar), WHY, CHIEF)
    assert (await home.bench.buckets(victim))["held"] == 400_00
    assert "held" not in await home.bench.buckets(liar)
    assert await home.orders(liar) == []


async def test_one_transfer_of_a_complaint_and_a_later_complaint_about_it(home: Home) -> None:
    first, second = rrn(), rrn()
    told = transfer(200_00, reference=second)
    case_no = await home.bench.complain(transfer(100_00, reference=first), told)
    done = await withdraw(home, case_no, 2)
    assert done.hop_nos == (2,)
    assert await home.bench.buckets(case_no) == {"lost": -100_00, "in_play": 100_00}
    assert await home.bench.hops(case_no) == ["asked", "closed"]
    assert await home.bench.complain(told) != case_no, "it is taken as a new one"
    assert (await withdraw(home, case_no)).hop_nos == (1,)


async def test_a_withdrawn_transfer_takes_no_place_of_what_a_bank_sent(home: Home) -> None:
    root, onward, account = rrn(), rrn(), f"7{rrn()}"
    told = transfer(1000_00, reference=onward, payee=at(account, "ICIC"))
    case_no = await home.bench.complain(transfer(1000_00, reference=root), told)
    await withdraw(home, case_no, 2)
    await home.bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", account, rrn_transaction_id=onward))
    assert await home.bench.hops(case_no) == ["closed", "closed", "asked"]
    assert await home.bench.discrepancies(case_no) == []
    await home.bench.answer("ICIC", case_no, row(1, onward, "1000.00"))
    assert await home.bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    await home.check(case_no)


async def test_an_answer_that_comes_after_it_is_kept_for_the_desk(home: Home) -> None:
    root = rrn()
    case_no = await home.bench.complain(transfer(5000_00, reference=root))
    await home.bench.ask_one(case_no)
    await withdraw(home, case_no)
    await home.bench.answer("HDFC", case_no, row(1, root, "5000.00"))
    assert await home.bench.discrepancies(case_no) == [("held_and_gone", 5000_00, 0)]
    assert await home.bench.buckets(case_no) == {}
    await home.check(case_no)


async def test_confirmed_money_of_a_withdrawn_transfer_is_traced_no_more(home: Home) -> None:
    """A bank sent ₹700 on. A later answer about them, and the desk, open no hop of it."""
    root, onward = rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(f"6{rrn()}")))
    await home.bench.answer("HDFC", case_no, moved(root, "700.00", "ICIC", f"7{rrn()}", rrn_transaction_id=onward))
    await withdraw(home, case_no)
    assert await home.bench.buckets(case_no) == {"lost": -700_00, "untraced": 700_00}
    await home.bench.answer("ICIC", case_no, moved(onward, "700.00", "PUNB", f"7{rrn()}", rrn_transaction_id=rrn()))
    with pytest.raises(HopWithdrawn):
        await add_hop(home.ctx, case_no, new_hop(2), CLERK)
    assert await home.bench.hops(case_no) == ["closed", "closed"]
    await home.check(case_no)


async def test_no_resolution_puts_money_of_a_withdrawn_transfer_back_in_play(home: Home) -> None:
    root, onward = rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(f"6{rrn()}")))
    await home.bench.answer("HDFC", case_no, moved(root, "700.00", "ICIC", f"7{rrn()}", rrn_transaction_id=onward))
    await home.bench.answer("ICIC", case_no, row(1, onward, "0.00", status_code="01"))
    await withdraw(home, case_no)
    doubt = await home.bench.value("SELECT discrepancy_id FROM discrepancy WHERE case_no = $1", case_no)
    decided = NewResolution(decision=ResolutionDecision.UPHELD_OTHER, reason="the sender is right")
    with pytest.raises(HopWithdrawn):
        await resolve(home.ctx, doubt, decided, ResolvingOfficer(CHIEF, supervises=True))


# -- what is refused ---------------------------------------------------------------------------------------------------


async def test_money_that_is_prepared_or_ordered_for_the_victim_is_not_withdrawn(home: Home) -> None:
    case_no = await home.hold(400)
    withdrawal_id = await propose(home, case_no)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    with pytest.raises(WithdrawnMoneyPrepared, match=str(restoration)):
        await withdrawals.agree(home.ctx, case_no, withdrawal_id, WHY, CHIEF)
    await home.send_back(restoration)
    await home.verify(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    with pytest.raises(WithdrawnMoneyOrdered):
        await withdrawals.agree(home.ctx, case_no, withdrawal_id, WHY, CHIEF)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 400_00)]


async def test_money_that_a_court_keeps_is_not_withdrawn(home: Home) -> None:
    case_no = await home.hold(400)
    await home.court_order(case_no, "bnss_503", "keep_hold")
    with pytest.raises(HoldKeptByCourt):
        await propose(home, case_no)


async def test_money_that_came_on_hold_at_this_moment_is_waited_for(home: Home) -> None:
    root = rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root))
    await home.bench.answer("HDFC", case_no, row(1, root, "100.00"))
    with pytest.raises(MoneyJustHeld):
        await propose(home, case_no)


async def test_a_transfer_that_another_complainant_claims_is_first_decided(home: Home) -> None:
    """The true victim's complaint may have come second; their loss must not leave with the false one."""
    false_no, true_no = await claimed_twice(home)
    with pytest.raises(TransferContested, match=true_no):
        await propose(home, false_no)
    await decided(home, false_no, true_no)
    with pytest.raises(AlreadyWithdrawn):
        await propose(home, false_no)
    assert await home.bench.value("SELECT ack_no FROM hop WHERE case_no = $1 AND hop_no = 1", false_no) == true_no


async def test_a_transfer_that_a_second_complaint_states_too_passes_to_it(home: Home) -> None:
    """A victim who complained twice keeps the loss and the money on hold."""
    first = await home.hold(500, payer=FIRST)
    again = (await home.bench.take(complaint(await told_again(home, first, FIRST)))).receipt.ack_no
    await home.of(first)
    done = await withdraw(home, first)
    assert (done.decision, done.hop_nos) == (WithdrawalDecision.AGREED, ())
    assert await home.bench.value("SELECT ack_no FROM hop WHERE case_no = $1 AND hop_no = 1", first) == again
    assert (await home.bench.buckets(first))["held"] == 500_00
    assert await home.orders(first) == []
    assert await home.bench.value("SELECT hold_opened_at IS NULL FROM held_hop WHERE case_no = $1", first)
    await home.open_for_new_holds(first)
    last, _ = await withdrawals.agree(home.ctx, again, await propose(home, again), WHY, CHIEF)
    assert last.hop_nos == (1,)
    await home.check(first)
    assert await home.orders(first) == [("release", "complaint_withdrawn", "HDFC", 500_00)]
