"""The desk corrects hops and adds some: each in every state, and what of it is refused."""

import asyncio
from contextlib import suppress

import pytest

from activities.case.desk import DeskDone, add_hop, correct_hop
from domain.errors import LimitExceeded, NotFound, NotNow
from domain.errors.case import (
    AmountBelowDisputed,
    DisputedAboveTransfer,
    HopClosed,
    HopExists,
    ParentExhausted,
    TransferBusy,
    TransferKnown,
)
from schemas.case.case_workflow import HopRef
from schemas.enums import EscalationLevel, HopState
from tests.activities.bench import Bench
from tests.activities.desk_words import ICIC, OFFICER, asked, correction, new_hop
from tests.activities.told import planned
from tests.factories import complaint, moved, row, rrn, transfer

# -- correct -------------------------------------------------------------------------------------------------------


async def test_a_wrong_reference_is_corrected_and_goes_out_again(bench: Bench) -> None:
    case_no, root, sent = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"))
    right = rrn()
    done = await correct_hop(bench.ctx, case_no, 1, correction(rrn=right), OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.closed == (HopRef(hop_no=1, revision=0),)
    assert planned(done.follow_up.news) == [("HDFC", [(1, 1)], 1000_00)]
    assert await bench.tasks(case_no) == []
    assert await bench.hops(case_no, "state, revision, reference") == [("asked", 1, right)]
    again = await bench.ask_one(case_no)
    assert again.request_id != sent.request_id
    assert [i.rrn for i in bench.bank.tickets[-1][1].incidents] == [right]
    await bench.check(case_no)


async def test_a_hop_corrected_while_it_is_asked_leaves_its_request(bench: Bench) -> None:
    case_no, root, sent = await asked(bench)
    await correct_hop(bench.ctx, case_no, 1, correction(rrn=rrn()), OFFICER)
    requests = "SELECT state FROM hold_request WHERE case_no = $1 ORDER BY batch_no"
    assert await bench.rows(requests, case_no) == [("superseded",), ("sending",)]
    event = await bench.value("SELECT data FROM case_event WHERE case_no = $1 AND kind = 'hop_corrected'", case_no)
    assert (event["withdrawn_from"], event["fields"], event["revision"]) == ([sent.request_id], ["rrn"], 1)
    done = await bench.answer("HDFC", case_no, row(1, root, "1000.00"), job_id=f"BANKS-{sent.request_id}")
    assert done.discrepancies == 1, "no hop has the old reference now"
    await bench.check(case_no)


async def test_a_request_of_which_the_bank_has_answered_a_part_is_answered(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await correct_hop(bench.ctx, case_no, 1, correction(rrn=rrn()), OFFICER)
    requests = "SELECT state FROM hold_request WHERE case_no = $1 ORDER BY batch_no"
    assert await bench.rows(requests, case_no) == [("answered",), ("sending",)]
    await bench.check(case_no)


@pytest.mark.parametrize(("paise", "in_play"), [(1500_00, 1100_00), (600_00, 200_00), (401_00, 1_00)])
async def test_a_corrected_amount_of_the_victims_transfer_corrects_the_loss(
    bench: Bench, paise: int, in_play: int
) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await correct_hop(bench.ctx, case_no, 1, correction(amount_paise=paise), OFFICER)
    assert await bench.buckets(case_no) == {"lost": -paise, "held": 400_00, "in_play": in_play}
    assert await bench.hops(case_no, "state, amount_paise, disputed_paise") == [("asked", paise, paise)]
    await bench.check(case_no)


@pytest.mark.parametrize("paise", [400_00, 399_99, 1])
async def test_an_amount_below_what_is_placed_is_refused(bench: Bench, paise: int) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    with pytest.raises(NotNow):
        await correct_hop(bench.ctx, case_no, 1, correction(amount_paise=paise), OFFICER)
    assert await bench.hops(case_no) == ["asked"]
    await bench.check(case_no)


async def test_a_corrected_amount_of_a_later_transfer_leaves_the_disputed_part(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1234567890"))
    await correct_hop(bench.ctx, case_no, 2, correction(amount_paise=5000_00), OFFICER)
    assert (await bench.hops(case_no, "amount_paise, disputed_paise"))[1] == (5000_00, 1000_00)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    with pytest.raises(AmountBelowDisputed):
        await correct_hop(bench.ctx, case_no, 2, correction(amount_paise=999_00), OFFICER)
    await bench.check(case_no)


async def test_an_unknown_institution_is_named_and_asked(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(payee_bank="Bank of Nowhere", reference=root))
    done = await correct_hop(bench.ctx, case_no, 1, correction(payee=ICIC), OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert planned(done.follow_up.news) == [("ICIC", [(1, 1)], 10_000_00)]
    assert await bench.tasks(case_no) == []
    await bench.ask(case_no)
    assert [bank for bank, _ in bench.bank.tickets] == ["ICIC"]
    await bench.check(case_no)
    joined = await bench.complain(transfer(payee_bank="ICIC", reference=root))
    assert joined == case_no, "a complaint that names the bank rightly is about the same transfer"


async def test_another_unknown_institution_goes_to_the_desk_again(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    nowhere = {"institution": "Bank of Elsewhere", "account": "1234567890"}
    done = await correct_hop(bench.ctx, case_no, 1, correction(payee=nowhere), OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert (done.follow_up.news.opened, done.follow_up.news.parked) == ((), (HopRef(hop_no=1, revision=1),))
    assert await bench.hops(case_no) == [HopState.UNROUTABLE]
    assert await bench.tasks(case_no) == [("name_institution", 1)]
    await bench.check(case_no)


async def test_a_hop_without_a_reference_is_not_asked_before_it_has_one(bench: Bench) -> None:
    """Its bank is named first: to ask about no transfer would fail for ever."""
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "Bank of Nowhere", "1", rrn_transaction_id=""))
    await correct_hop(bench.ctx, case_no, 2, correction(payee=ICIC), OFFICER)
    assert (await bench.hops(case_no))[1] == "correction"
    assert await bench.tasks(case_no) == [("correct_reference", 2)]
    assert await bench.ask(case_no) == []
    await correct_hop(bench.ctx, case_no, 2, correction(utr="ICICR52026112412345678"), OFFICER)
    assert (await bench.ask_one(case_no)).asked == (2,)
    await bench.check(case_no)


async def test_a_closed_hop_is_not_corrected(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    with pytest.raises(HopClosed):
        await correct_hop(bench.ctx, case_no, 1, correction(rrn=rrn()), OFFICER)


@pytest.mark.parametrize("hop_no", [0, 2, -1])
async def test_a_hop_that_is_not_there_is_not_found(bench: Bench, hop_no: int) -> None:
    case_no, _, _ = await asked(bench)
    with pytest.raises(NotFound):
        await correct_hop(bench.ctx, case_no, hop_no, correction(rrn=rrn()), OFFICER)


async def test_corrections_at_once_are_made_one_after_the_other(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)

    async def correct(paise: int) -> None:
        # PostgreSQL frees the case a moment before it frees the transfer, so the next one may be asked to try again.
        with suppress(TransferBusy):
            await correct_hop(bench.ctx, case_no, 1, correction(amount_paise=paise), OFFICER)
            return
        await correct(paise)

    await asyncio.gather(*(correct(n * 100_00) for n in range(1, 6)))
    ((revision, paise),) = await bench.hops(case_no, "revision, disputed_paise")
    assert revision == 5
    assert await bench.buckets(case_no) == {"lost": -paise, "in_play": paise}
    await bench.check(case_no)


async def test_a_correction_to_a_transfer_of_another_case_is_refused(bench: Bench) -> None:
    """Else the loss would count twice, and the bank be asked by two cases."""
    right = rrn()
    other = await bench.complain(transfer(1000_00, reference=right))
    case_no, _, _ = await asked(bench)
    with pytest.raises(TransferKnown, match=other):
        await correct_hop(bench.ctx, case_no, 1, correction(rrn=right), OFFICER)
    assert await bench.hops(case_no) == ["asked"]
    await bench.check(case_no)


async def test_a_correction_to_another_transfer_of_the_case_is_refused(bench: Bench) -> None:
    right = rrn()
    case_no = await bench.complain(transfer(1000_00), transfer(1000_00, reference=right))
    with pytest.raises(TransferKnown, match="Hop 2"):
        await correct_hop(bench.ctx, case_no, 1, correction(rrn=right), OFFICER)
    await correct_hop(bench.ctx, case_no, 2, correction(rrn=right), OFFICER)
    assert await bench.hops(case_no, "revision") == [0, 1], "to say again what it is is no harm"
    await bench.check(case_no)


async def test_a_correction_and_a_complaint_about_the_same_transfer_never_wait_for_each_other(bench: Bench) -> None:
    """The complaint holds its transfers and wants the case, the correction holds the case and wants the transfer."""
    known, right = transfer(1000_00), rrn()
    case_no = await bench.complain(known)
    async with asyncio.timeout(20):
        async with bench.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
            correcting = asyncio.create_task(correct_hop(bench.ctx, case_no, 1, correction(rrn=right), OFFICER))
            await asyncio.sleep(0.2)
            joining = asyncio.create_task(bench.take(complaint(known, transfer(1000_00, reference=right))))
            await asyncio.sleep(0.2)
        corrected, joined = await asyncio.gather(correcting, joining, return_exceptions=True)
    assert not isinstance(joined, BaseException), joined
    assert joined.receipt.case_ack_no == case_no
    assert isinstance(corrected, DeskDone | NotNow), corrected
    await bench.check(case_no)


# -- add a hop -----------------------------------------------------------------------------------------------------


async def test_a_hop_of_the_desk_draws_from_its_parent_and_is_asked(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    done = await add_hop(bench.ctx, case_no, new_hop(), OFFICER)
    assert (done.hop_no, done.case_no) == (2, case_no)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert planned(done.follow_up.news) == [("ICIC", [(2, 0)], 400_00)]
    assert await bench.hops(case_no, "layer, state") == [(1, "asked"), (2, "asked")]
    await bench.check(case_no)


async def test_a_hop_that_takes_everything_closes_its_parent_and_what_was_asked_of_it(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"))
    done = await add_hop(bench.ctx, case_no, new_hop(paise=1000_00), OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.closed == (HopRef(hop_no=1, revision=0),)
    assert await bench.tasks(case_no) == []
    await bench.check(case_no)


async def test_a_hop_takes_the_untraced_of_a_settled_case_which_opens_again(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    await bench.escalate(case_no, sent, EscalationLevel.GIVE_UP)
    await bench.settle(case_no)
    done = await add_hop(bench.ctx, case_no, new_hop(), OFFICER)
    await bench.note(done.follow_up)
    assert done.follow_up is not None
    assert planned(done.follow_up.start) == [("ICIC", [(2, 0)], 400_00)]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 600_00, "in_play": 400_00}
    await bench.check(case_no)


async def test_a_hop_that_is_sent_twice_is_one_hop(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    new = new_hop()
    outcomes = await asyncio.gather(
        *(add_hop(bench.ctx, case_no, new, OFFICER) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["DeskDone", "HopExists", "HopExists"]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    await bench.check(case_no)


async def test_a_hop_that_the_bank_told_already_is_not_added_again(bench: Bench) -> None:
    case_no, root, _ = await asked(bench, 5000_00)
    onward = rrn()
    await bench.answer("HDFC", case_no, moved(root, "2000.00", "ICIC", ICIC["account"], rrn_transaction_id=onward))
    with pytest.raises(HopExists, match="Hop 2"):
        await add_hop(bench.ctx, case_no, new_hop(paise=2000_00, reference=onward), OFFICER)
    await bench.check(case_no)


async def test_a_hop_draws_no_more_than_its_parent_has(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "700.00"))
    with pytest.raises(ParentExhausted):
        await add_hop(bench.ctx, case_no, new_hop(paise=300_01), OFFICER)
    assert await bench.hops(case_no) == ["asked"]
    await bench.check(case_no)


async def test_the_disputed_part_is_no_more_than_the_transfer(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    with pytest.raises(DisputedAboveTransfer):
        await add_hop(bench.ctx, case_no, new_hop(disputed_paise=400_01), OFFICER)


async def test_a_hop_to_an_unknown_institution_waits_for_its_name(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    nowhere = {"institution": "Bank of Nowhere", "account": "1"}
    await add_hop(bench.ctx, case_no, new_hop(payee=nowhere), OFFICER)
    assert await bench.hops(case_no) == ["asked", "unroutable"]
    assert await bench.tasks(case_no) == [("name_institution", 2)]
    await bench.check(case_no)


async def test_the_desk_goes_no_deeper_than_the_engine(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    for layer in range(1, bench.ctx.policy.trail.max_layers):
        await add_hop(bench.ctx, case_no, new_hop(parent_hop_no=layer), OFFICER)
    with pytest.raises(LimitExceeded):
        await add_hop(bench.ctx, case_no, new_hop(parent_hop_no=bench.ctx.policy.trail.max_layers), OFFICER)
    await bench.check(case_no)


async def test_a_hop_below_no_hop_is_not_found(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    with pytest.raises(NotFound):
        await add_hop(bench.ctx, case_no, new_hop(parent_hop_no=9), OFFICER)


async def test_hops_added_at_once_take_no_more_than_there_is(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    done = await asyncio.gather(
        *(add_hop(bench.ctx, case_no, new_hop(), OFFICER) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, NotNow) for one in done) == 3
    assert (await bench.hops(case_no, "hop_no")) == [1, 2, 3]
    await bench.check(case_no)
