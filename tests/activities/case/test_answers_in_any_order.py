"""Answers early, late, again, out of order, against each other and at once: each rupee is placed once."""

import asyncio
from uuid import UUID

import pytest

from activities.case.desk import correct_hop, stop_request
from schemas.case.discrepancies import HopCorrection
from tests.activities.bench import Bench
from tests.activities.told import a_case, ask_after_pause, dispositions, paused, planned
from tests.factories import moved, row, rrn, transfer

# -- early ---------------------------------------------------------------------------------------------------------


async def test_an_answer_before_anything_was_asked_is_taken_and_nothing_is_asked_then(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root), ack_no=await paused(bench))
    done = await bench.answer("HDFC", case_no, row(1, root, "1000.00"), job_id="ahead-of-us")
    assert done.discrepancies == 1, "a job we never heard of"
    await ask_after_pause(bench, case_no)
    assert bench.bank.tickets == []
    assert await bench.value("SELECT count(*) FROM hold_request WHERE case_no = $1", case_no) == 0
    await bench.check(case_no)


async def test_an_answer_before_the_request_is_sent_belongs_to_it_and_nothing_is_sent_then(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    (order,) = await bench.orders(case_no)
    done = await bench.answer("HDFC", case_no, row(1, root, "1000.00"), job_id="ahead-of-us")
    assert done.discrepancies == 0, "the job may be that of the planned request"
    sent = await bench.freeze.send_hold_request(order)
    assert (sent.asked, sent.delivered) == ((), False)
    assert bench.bank.tickets == []
    assert await bench.rows("SELECT state, delivered_at FROM hold_request WHERE case_no = $1", case_no) == [
        ("answered", None)
    ]
    await bench.check(case_no)


async def test_an_answer_before_the_banks_own_reply_belongs_to_the_request(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    bench.bank.gate = asyncio.Event()
    (order,) = await bench.orders(case_no)
    sending = asyncio.create_task(bench.freeze.send_hold_request(order))
    await bench.bank.called()
    done = await bench.answer("HDFC", case_no, row(1, root, "1000.00"), job_id="BANKS-not-told-yet")
    assert done.discrepancies == 0
    bench.bank.gate.set()
    assert (await sending).delivered
    assert await bench.rows(
        "SELECT state, job_id IS NOT NULL, delivered_at >= first_answered_at FROM hold_request WHERE case_no = $1",
        case_no,
    ) == [("answered", True, True)]
    await bench.check(case_no)


async def test_what_a_bank_tells_of_a_hop_too_early_it_may_tell_again(bench: Bench) -> None:
    """PUNB is in the case with another hop, and already knows what HDFC will say in a moment."""
    root, following = rrn(), rrn()
    case_no = await bench.complain(
        transfer(1000_00, reference=root), transfer(100_00, payee_bank="PUNB"), ack_no=await paused(bench)
    )
    early = row(1, following, "1000.00", root_account_number="777")
    await bench.answer("PUNB", case_no, early, job_id="a")
    assert [kind for kind, _, _ in await bench.discrepancies(case_no)] == ["unasked_hop", "job_unknown"]
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "PUNB", "777", rrn_transaction_id=following))
    await ask_after_pause(bench, case_no)
    done = await bench.answer("PUNB", case_no, early, job_id="b")
    assert (done.accepted, done.duplicates) == (1, 0)
    assert (await bench.buckets(case_no))["held"] == 1000_00
    again = await bench.answer("PUNB", case_no, early, job_id="c")
    assert (again.accepted, again.duplicates) == (0, 1)
    await bench.check(case_no)


# -- late ----------------------------------------------------------------------------------------------------------


async def test_an_answer_after_the_case_was_settled_opens_it_again(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="20"))
    assert (await bench.settle(case_no)).settled
    done = await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1234567890"))
    assert done.follow_up is not None
    assert planned(done.follow_up.start) == [("ICIC", [(2, 0)], 1000_00)]
    assert (await bench.events(case_no))[-2:] == ["case_reopened", "request_sent"]
    assert await bench.rows(
        "SELECT state, settled_at, workflow_started_at FROM case_file WHERE case_no = $1", case_no
    ) == [("open", None, None)]
    await bench.check(case_no)


async def test_a_late_answer_that_brings_nothing_into_play_leaves_the_case_settled(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="20"))
    await bench.settle(case_no)
    done = await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert done.follow_up is None
    assert await bench.value("SELECT state FROM case_file WHERE case_no = $1", case_no) == "settled"
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    await bench.check(case_no)


async def test_an_answer_to_a_request_that_was_stopped_takes_from_the_untraced(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    sent = await bench.ask_one(case_no)
    await stop_request(bench.ctx, case_no, UUID(sent.request_id), "by mistake", "officer:1")
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}
    done = await bench.answer("HDFC", case_no, row(1, root, "700.00"), job_id=f"BANKS-{sent.request_id}")
    assert done.discrepancies == 0
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 300_00, "held": 700_00}
    assert await bench.value("SELECT state FROM hold_request WHERE case_no = $1", case_no) == "stopped"
    await bench.check(case_no)


# -- again, out of order, against each other -----------------------------------------------------------------------


async def test_the_same_body_twice_is_one_answer_with_one_reply(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    first = await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    second = await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert (second.repeated, second.follow_up) == (True, None)
    assert (first.accepted, second.accepted) == (1, 1)
    assert await dispositions(bench, case_no) == ["applied"]


async def test_the_same_lines_in_another_body_are_duplicates_and_kept(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    lines = [row(5, root, "300.00"), moved(root, "700.00", "ICIC", "1234567890")]
    await bench.answer("HDFC", case_no, *lines)
    before = await bench.buckets(case_no)
    done = await bench.answer("HDFC", case_no, *reversed(lines))
    assert (done.accepted, done.duplicates, done.follow_up) == (0, 2, None)
    assert await bench.buckets(case_no) == before
    assert await dispositions(bench, case_no) == ["applied", "applied", "duplicate", "duplicate"]
    await bench.check(case_no)


@pytest.mark.parametrize(
    "change",
    [
        {"remarks": "checked again"},
        {"phone_number": "9876543210"},
        {"root_account_number": "0050100000000001"},
        {"transaction_datetime": "10:00:PM"},
        {"rrn_transaction_id": "4260 1111-2222"},
    ],
)
async def test_the_same_transaction_stated_differently_is_one(bench: Bench, change: dict[str, str]) -> None:
    case_no, root = await a_case(bench)
    told = row(5, root, "300.00", rrn_transaction_id="426011112222", root_account_number="50100000000001")
    await bench.answer("HDFC", case_no, told)
    assert (await bench.answer("HDFC", case_no, told | change)).duplicates == 1


async def test_two_withdrawals_without_a_reference_are_told_apart_by_their_marks(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    cheque = row(14, root, "300.00", rrn_transaction_id="", cheque_no="000101")
    done = await bench.answer("HDFC", case_no, cheque, cheque | {"cheque_no": "000102"}, cheque)
    assert (done.accepted, done.duplicates) == (2, 1)
    assert (await bench.buckets(case_no))["withdrawn"] == 600_00


async def test_the_next_layers_answer_may_come_first_in_any_number_of_pieces(bench: Bench) -> None:
    a, b, c = rrn(), rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=a), transfer(10_00, payee_bank="ICIC"))
    third = row(1, c, "1000.00", root_account_number="3")
    second = moved(b, "1000.00", "HDFC", "3", rrn_transaction_id=c, root_account_number="2")
    first = moved(a, "1000.00", "ICIC", "2", rrn_transaction_id=b)
    for number, (bank, line) in enumerate([("HDFC", third), ("ICIC", second), ("HDFC", first)] * 3):
        await bench.answer(bank, case_no, line, job_id=str(number))
        await bench.check(case_no)
    assert (await bench.buckets(case_no))["held"] == 1000_00


async def test_a_claim_above_the_hop_is_applied_in_part_and_kept_with_both_figures(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    assert (await bench.answer("HDFC", case_no, row(1, root, "1500.00"))).discrepancies == 1
    assert await bench.discrepancies(case_no) == [("exceeds_disputed", 1500_00, 1000_00)]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    assert await bench.tasks(case_no) == [("resolve_discrepancy", 1)]
    assert (await bench.events(case_no))[-2:] == ["answer_received", "discrepancy_opened"]
    await bench.check(case_no)


async def test_two_answers_that_contradict_each_other_are_both_kept_and_the_first_stands(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(5, root, "1000.00"))
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert await bench.buckets(case_no) == {"lost": -1000_00, "withdrawn": 1000_00}
    assert await bench.discrepancies(case_no) == [("held_and_gone", 1000_00, 0)]
    assert await dispositions(bench, case_no) == ["applied", "discrepancy"]
    await bench.check(case_no)


async def test_a_receiving_bank_that_denies_what_the_sending_bank_swears_to(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    following = rrn()
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "777", rrn_transaction_id=following))
    await bench.answer("ICIC", case_no, row(1, following, "0", status_code="01", root_account_number="777"))
    assert await bench.discrepancies(case_no) == [("transfer_denied", 1000_00, 0)]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "refused": 1000_00}
    await bench.check(case_no)


async def test_the_same_refusal_of_a_corrected_hop_is_news(bench: Bench) -> None:
    """The desk puts the amount right, the bank still finds nothing: its second 'no' is about the second ticket."""
    case_no, root = await a_case(bench)
    no = row(1, root, "0", status_code="02")
    first = await bench.ask_one(case_no)
    await bench.answer("HDFC", case_no, no, job_id=f"BANKS-{first.request_id}")
    correction = HopCorrection.model_validate({"amount_paise": 900_00, "reason": "bank called"})
    await correct_hop(bench.ctx, case_no, 1, correction, "officer:1")
    second = await bench.ask_one(case_no)
    late = await bench.answer("HDFC", case_no, no, no | {"remarks": "again"}, job_id=f"BANKS-{first.request_id}")
    assert (late.accepted, late.duplicates) == (0, 2)
    assert await bench.hops(case_no) == ["asked"]
    done = await bench.answer("HDFC", case_no, no, job_id=f"BANKS-{second.request_id}")
    assert done.accepted == 1
    assert await bench.hops(case_no) == ["correction"]
    assert await bench.tasks(case_no) == [("correct_reference", 1)]
    await bench.check(case_no)


# -- at once -------------------------------------------------------------------------------------------------------


async def test_the_same_answer_ten_times_at_once_is_one(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    done = await asyncio.gather(*(bench.answer("HDFC", case_no, row(1, root, "1000.00")) for _ in range(10)))
    assert [receipt.repeated for receipt in done].count(False) == 1
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    await bench.check(case_no)


async def test_ten_different_answers_at_once_take_no_more_than_there_is(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.ask(case_no)
    lines = [row(5, root, "150.00") for _ in range(10)]
    await asyncio.gather(*(bench.answer("HDFC", case_no, line) for line in lines))
    assert await bench.buckets(case_no) == {"lost": -1000_00, "withdrawn": 1000_00}
    assert sum(claimed - applied for _, claimed, applied in await bench.discrepancies(case_no)) == 500_00
    await bench.check(case_no)


async def test_an_answer_that_fails_halfway_leaves_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    case_no, root = await a_case(bench)
    before = await bench.events(case_no)

    async def broken(*_: object, **__: object) -> None:
        raise ConnectionError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr("activities.case.answer_effects.notify_with_events", broken)
        with pytest.raises(ConnectionError):
            await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1"))
    assert await bench.events(case_no) == before
    assert await bench.hops(case_no) == ["asked"]
    assert await dispositions(bench, case_no) == []
    await bench.check(case_no)
    assert (await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1"))).accepted == 1
