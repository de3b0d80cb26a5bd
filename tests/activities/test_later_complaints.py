"""H1: a later complaint about a known transfer names its bank, mends it, or tells more money."""

from typing import Any

import pytest

from activities.case.desk import correct_hop
from db.recovery import claims
from domain.case.resolution import no_date_flag
from tests.activities.bench import Bench
from tests.activities.desk_words import OFFICER, correction
from tests.activities.test_one_transfer import LAST_WEEK, NOWHERE, OTHER_ACCOUNT, OTHER_PAYER, notes
from tests.activities.told import planned
from tests.factories import complaint, moved, row, rrn, transfer

# -- a hop that waits for the desk ---------------------------------------------------------------------------------


async def test_h1_a_later_complaint_names_the_bank_and_it_is_asked_at_once(bench: Bench) -> None:
    reference = rrn()
    case_no = await bench.complain(transfer(reference=reference, payee_bank=NOWHERE))
    taken = await bench.take(complaint(transfer(reference=reference, payee_bank="ICIC")))
    assert taken.receipt.case_ack_no == case_no
    assert await bench.hops(case_no, "state, institution, revision") == [("asked", "ICIC", 1)]
    assert taken.follow_up is not None
    assert planned(taken.follow_up.news) == [("ICIC", [(1, 1)], 10_000_00)]
    event = await bench.value("SELECT data FROM case_event WHERE case_no = $1 AND kind = 'hop_corrected'", case_no)
    assert (event["fields"], taken.receipt.ack_no in event["reason"]) == (["bank"], True)
    assert await bench.tasks(case_no) == [("read_complaint", 1)]
    kept = await bench.rows("SELECT ack_no, before, after FROM hop_correction WHERE case_no = $1", case_no)
    assert kept == [
        (
            taken.receipt.ack_no,
            {"institution": None, "payee_institution_as_told": NOWHERE},
            {"institution": "ICIC", "payee_institution_as_told": "ICIC"},
        )
    ]
    assert [sent.request_id for sent in await bench.ask(case_no)]
    await bench.check(case_no)


async def test_h1_a_later_complaint_mends_account_and_date_of_a_transfer_that_the_bank_does_not_find(
    bench: Bench,
) -> None:
    reference = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference, transferred_at=LAST_WEEK))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, reference, "0", status_code="02"))
    assert await bench.hops(case_no) == ["correction"]
    joined = await bench.take(complaint(transfer(5000_00, reference=reference, payee=OTHER_ACCOUNT)))
    assert joined.receipt.case_ack_no == case_no
    assert await bench.hops(case_no, "state, payee_holder, amount_paise") == [
        ("asked", OTHER_ACCOUNT["account"], 5000_00)
    ]
    assert await notes(bench, case_no) == [(1, joined.receipt.ack_no, ["account", "amount", "date"])]
    assert await bench.buckets(case_no) == {"lost": -5000_00, "in_play": 5000_00}
    await bench.check(case_no)


async def test_h1_a_later_complaint_changes_no_hop_that_is_asked(bench: Bench) -> None:
    reference = rrn()
    case_no = await bench.complain(transfer(reference=reference))
    await bench.ask(case_no)
    await bench.take(complaint(transfer(reference=reference, payee=OTHER_ACCOUNT)))
    assert await bench.hops(case_no, "state, revision, payee_holder") == [("asked", 0, "50100000000001")]
    await bench.check(case_no)


async def test_h1_a_later_complaint_that_says_nothing_new_leaves_the_hop_with_the_desk(bench: Bench) -> None:
    one = transfer(payee_bank=NOWHERE)
    case_no = await bench.complain(one)
    assert (await bench.take(complaint(one))).follow_up is None
    assert await bench.hops(case_no, "state, revision") == [("unroutable", 0)]
    await bench.check(case_no)


@pytest.mark.parametrize(("payer", "moves"), [(OTHER_PAYER, False), (None, True)])
async def test_h1_only_the_same_payer_moves_a_waiting_hop_to_another_account(
    bench: Bench, payer: dict[str, Any] | None, moves: bool
) -> None:
    reference = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, reference, "0", status_code="02"))
    change = {"payee": OTHER_ACCOUNT} | ({"payer": payer} if payer else {})
    await bench.take(complaint(transfer(1000_00, reference=reference, **change)))
    account = OTHER_ACCOUNT["account"] if moves else "50100000000001"
    assert await bench.hops(case_no, "payee_holder, state") == [(account, "asked" if moves else "correction")]
    await bench.check(case_no)


async def test_h1_another_payer_names_the_bank_but_not_another_account(bench: Bench) -> None:
    reference = rrn()
    case_no = await bench.complain(transfer(reference=reference, payee_bank=NOWHERE))
    told = transfer(reference=reference, payer=OTHER_PAYER, payee={"institution": "ICIC", "account": "777"})
    await bench.take(complaint(told))
    assert await bench.hops(case_no, "state, institution, payee_holder") == [("asked", "ICIC", "50100000000001")]
    await bench.check(case_no)


async def test_h1_a_later_complaint_moves_no_money_that_a_bank_has_placed(bench: Bench) -> None:
    reference = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(5, reference, "400.00"))
    await bench.pool.execute("UPDATE hop SET state = 'correction' WHERE case_no = $1", case_no)
    await bench.take(complaint(transfer(1000_00, reference=reference, payee=OTHER_ACCOUNT)))
    assert await bench.hops(case_no, "state, payee_holder") == [("correction", "50100000000001")]


async def test_h1_what_a_bank_sent_to_one_account_confirms_nothing_at_the_account_of_a_complaint(bench: Bench) -> None:
    root, onward = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    await bench.answer("HDFC", case_no, moved(root, "600.00", NOWHERE, "111", rrn_transaction_id=onward))
    async with bench.pool.acquire() as connection:
        assert await claims.confirmed_of(connection, case_no, [2]) == {2: 600_00}
        payer = {"institution": "HDFC", "account": "50100000000001"}
        told_again = transfer(600_00, reference=onward, payer=payer, payee={"institution": "ICIC", "account": "777"})
        await bench.take(complaint(told_again))
        assert (await bench.hops(case_no, "institution, payee_holder"))[1:] == [("ICIC", "777")]
        assert await claims.confirmed_of(connection, case_no, [2]) == {2: 0}


async def test_h1_a_date_that_a_later_complaint_tells_is_stated(bench: Bench) -> None:
    told_again = transfer(payee_bank=NOWHERE)
    case_no = await bench.complain(told_again)
    flags = [no_date_flag("row 2").model_dump()]
    await bench.pool.execute("UPDATE hop SET flags = $2 WHERE case_no = $1", case_no, flags)
    taken = await bench.take(complaint(told_again | {"payee": {**told_again["payee"], "institution": "ICIC"}}))
    assert await bench.hops(case_no, "state, flags") == [("asked", [])]
    fields = await bench.value(
        "SELECT data->'fields' FROM case_event WHERE case_no = $1 AND kind = 'hop_corrected'", case_no
    )
    assert (taken.receipt.case_ack_no, fields) == (case_no, ["bank", "date"])
    await bench.check(case_no)


# -- more money than was told first ---------------------------------------------------------------------------------


async def told_as_one_rupee(bench: Bench, *, asked: bool) -> tuple[str, str]:
    """A case in which somebody told one rupee of a transfer. Its bank is `asked` about it, or holds it already."""
    reference = rrn()
    case_no = await bench.complain(transfer(1_00, reference=reference, payer=OTHER_PAYER))
    await bench.ask(case_no)
    if not asked:
        await bench.answer("HDFC", case_no, row(1, reference, "1.00"))
        assert await bench.hops(case_no) == ["closed"]
    return case_no, reference


@pytest.mark.parametrize("asked", [True, False])
async def test_h1_the_larger_amount_of_a_later_complaint_is_asked_about_at_once(bench: Bench, asked: bool) -> None:
    case_no, reference = await told_as_one_rupee(bench, asked=asked)
    if not asked:
        await bench.settle(case_no)
    taken = await bench.take(complaint(transfer(1_00_000_00, reference=reference)))
    assert [flag.code for flag in taken.receipt.flags] == ["other_payer", "other_amount"]
    assert await notes(bench, case_no) == [(1, taken.receipt.ack_no, ["payer", "amount"])]
    assert await bench.hops(case_no, "state, revision, amount_paise") == [("asked", 1, 1_00_000_00)]
    held = {} if asked else {"held": 1_00}
    left_paise = 1_00_000_00 - sum(held.values())
    assert await bench.buckets(case_no) == {"lost": -1_00_000_00, "in_play": left_paise} | held
    assert taken.follow_up is not None
    assert planned(taken.follow_up.news) == [("HDFC", [(1, 1)], left_paise)]
    assert (taken.follow_up.start is None) is asked
    assert await bench.value("SELECT state FROM case_file WHERE case_no = $1", case_no) == "open"
    await bench.check(case_no)
    await bench.ask_one(case_no)
    await bench.answer("HDFC", case_no, row(1, reference, "99999.00" if held else "100000.00"))
    assert await bench.buckets(case_no) == {"lost": -1_00_000_00, "held": 1_00_000_00}
    await bench.check(case_no)


async def test_h1_a_smaller_amount_changes_nothing(bench: Bench) -> None:
    case_no, reference = await told_as_one_rupee(bench, asked=False)
    assert (await bench.take(complaint(transfer(50, reference=reference)))).follow_up is None
    assert await bench.hops(case_no, "state, revision, amount_paise") == [("closed", 0, 1_00)]
    await bench.check(case_no)


async def test_h1_the_desk_raises_the_amount_of_a_closed_hop(bench: Bench) -> None:
    case_no, _ = await told_as_one_rupee(bench, asked=False)
    await correct_hop(bench.ctx, case_no, 1, correction(amount_paise=5_000_00), OFFICER)
    assert await bench.hops(case_no, "state, revision, amount_paise") == [("asked", 1, 5_000_00)]
    assert await bench.buckets(case_no) == {"lost": -5_000_00, "in_play": 4_999_00, "held": 1_00}
    await bench.check(case_no)


async def test_h1_an_amount_that_the_desk_has_lowered_is_not_raised_by_telling_it_again(bench: Bench) -> None:
    one = transfer(5_000_00)
    case_no = await bench.complain(one)
    await correct_hop(bench.ctx, case_no, 1, correction(amount_paise=500_00), OFFICER)
    await bench.take(complaint(one))
    assert await bench.hops(case_no, "revision, amount_paise") == [(1, 500_00)]
    await bench.ask_one(case_no)
    await bench.take(complaint(one | {"amount_paise": 6_000_00}))
    assert await bench.hops(case_no, "revision, amount_paise") == [(2, 6_000_00)]
    await bench.check(case_no)


async def test_h1_an_onward_hop_is_not_raised_by_a_complaint(bench: Bench) -> None:
    root, onward = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "777", rrn_transaction_id=onward))
    await bench.take(complaint(transfer(9000_00, payee_bank="ICIC", reference=onward)))
    assert (await bench.hops(case_no, "revision, amount_paise"))[1:] == [(0, 1000_00)]
    await bench.check(case_no)
