"""One transfer, two requests about its parts: an answer is first of all about the request whose job id it has."""

from itertools import permutations
from uuid import UUID

import pytest

from tests.activities.bench import Bench
from tests.activities.case.test_within_transfer import two_banks
from tests.deep import DEEP
from tests.factories import moved, row


async def two_parts(bench: Bench) -> tuple[str, str, str]:
    """₹600 and ₹700 of one transfer at ICIC, in hops 3 and 4. The bank has only the request about hop 3.

    Returns the case, the transfer's reference and the job id of that request.
    """
    case_no, there, onward = await two_banks(bench, "1500.00")
    first = await bench.ask_one(case_no)
    line = moved(there, "700.00", "ICIC", "000123456789", rrn_transaction_id=onward, amount="1500.00")
    await bench.answer("PUNB", case_no, line)
    assert (await bench.hops(case_no, "state, disputed_paise"))[2:] == [("asked", 600_00), ("asked", 700_00)]
    return case_no, onward, bench.bank.jobs[UUID(first.request_id)]


async def placed(bench: Bench, case_no: str, hop_no: int) -> dict[str, int]:
    """Where the money of a hop is, in paise."""
    rows = await bench.rows(
        "SELECT bucket, balance_paise FROM ledger_balance WHERE case_no = $1 AND hop_no = $2 AND balance_paise <> 0",
        case_no,
        hop_no,
    )
    return {bucket: paise for bucket, paise in rows if bucket != "lost"}


async def test_a_refused_rest_leaves_the_money_about_which_the_bank_is_not_asked_yet(bench: Bench) -> None:
    case_no, onward, job_id = await two_parts(bench)
    await bench.answer("ICIC", case_no, row(1, onward, "250.00"), row(1, onward, "0", status_code="20"), job_id=job_id)
    assert await placed(bench, case_no, 3) == {"held": 250_00, "refused": 350_00}
    assert await placed(bench, case_no, 4) == {"in_play": 700_00}
    sent = await bench.ask_one(case_no)
    assert sent.asked == (4,)
    await bench.answer("ICIC", case_no, row(1, onward, "700.00"), job_id=bench.bank.jobs[UUID(sent.request_id)])
    assert await placed(bench, case_no, 4) == {"held": 700_00}
    assert await bench.discrepancies(case_no) == []
    await bench.check(case_no)


async def test_the_answer_to_the_later_request_places_the_money_of_that_request(bench: Bench) -> None:
    case_no, onward, job_id = await two_parts(bench)
    later = await bench.ask_one(case_no)
    await bench.answer("ICIC", case_no, row(1, onward, "700.00"), job_id=bench.bank.jobs[UUID(later.request_id)])
    assert await placed(bench, case_no, 4) == {"held": 700_00}
    await bench.answer("ICIC", case_no, row(1, onward, "0", status_code="20"), job_id=job_id)
    assert (await bench.hops(case_no))[2:] == ["closed"] * 2
    assert await placed(bench, case_no, 3) == {"refused": 600_00}
    await bench.check(case_no)


async def test_an_answer_before_the_banks_own_reply_is_about_the_request_without_a_job_id(bench: Bench) -> None:
    case_no, onward, _ = await two_parts(bench)
    await bench.answer("ICIC", case_no, row(1, onward, "0", status_code="20"), job_id="BANKS-early")
    assert await placed(bench, case_no, 4) == {"refused": 700_00}
    assert await placed(bench, case_no, 3) == {"in_play": 600_00}
    await bench.check(case_no)


async def test_a_rest_without_a_sum_is_the_rest_of_its_own_request(bench: Bench) -> None:
    case_no, onward, job_id = await two_parts(bench)
    await bench.answer("ICIC", case_no, row(5, onward, "600.00"), job_id=job_id)
    assert (await bench.hops(case_no))[2:] == ["closed", "asked"]
    await bench.answer("ICIC", case_no, row(1, onward, "0", status_code="20"))
    assert (await bench.hops(case_no))[2:] == ["closed"] * 2, "without a job id a refusal is about the whole transfer"
    await bench.check(case_no)


async def test_a_refusal_beside_a_hold_of_all_ends_no_other_part(bench: Bench) -> None:
    case_no, onward, job_id = await two_parts(bench)
    await bench.answer("ICIC", case_no, row(1, onward, "600.00"), row(1, onward, "0", status_code="20"), job_id=job_id)
    assert await placed(bench, case_no, 3) == {"held": 600_00}
    assert await placed(bench, case_no, 4) == {"in_play": 700_00}
    await bench.check(case_no)


async def test_equal_answers_to_two_requests_are_two_answers(bench: Bench) -> None:
    """Each request is about an equal part of one transfer. The same answer again changes nothing."""
    case_no, there, onward = await two_banks(bench, "1500.00")
    line = moved(there, "600.00", "ICIC", "000123456789", rrn_transaction_id=onward, amount="1500.00")
    await bench.answer("PUNB", case_no, line)
    held = row(1, onward, "600.00", root_account_number="000123456789")
    for sent in await bench.ask(case_no):
        job_id = bench.bank.jobs[UUID(sent.request_id)]
        assert (await bench.answer("ICIC", case_no, held, job_id=job_id)).duplicates == 0
        again = await bench.answer("ICIC", case_no, {**held, "remarks": "again"}, job_id=job_id)
        assert again.duplicates == 1
    assert (await bench.hops(case_no))[2:] == ["closed", "closed"]
    assert await placed(bench, case_no, 3) == await placed(bench, case_no, 4) == {"held": 600_00}
    await bench.check(case_no)


async def test_an_account_named_later_does_not_hide_the_hop_of_the_job(bench: Bench) -> None:
    """The hop of the first request has the account that the bank names, and the hop of this one has none yet."""
    case_no, there, onward = await two_banks(bench, "1500.00")
    line = moved(there, "600.00", "ICIC", "", rrn_transaction_id=onward, amount="1500.00")
    await bench.answer("PUNB", case_no, line)
    requests = {sent.asked: bench.bank.jobs[UUID(sent.request_id)] for sent in await bench.ask(case_no)}
    held = row(1, onward, "600.00", root_account_number="000123456789")
    await bench.answer("ICIC", case_no, held, job_id=requests[4,])
    assert await placed(bench, case_no, 4) == {"held": 600_00}
    assert await placed(bench, case_no, 3) == {"in_play": 600_00}
    await bench.check(case_no)


# A repetition differs from the first in its remarks only, so deep runs alone have it first.
ORDERS = [
    order
    for order in permutations(range(4))
    if DEEP or (order.index(0) < order.index(1) and order.index(2) < order.index(3))
]


@pytest.mark.parametrize("second", ["600.00", "700.00"])
async def test_answers_to_two_requests_in_any_order_and_repeated_place_both_parts(bench: Bench, second: str) -> None:
    """Also beside another bank that knows the job id."""
    for order in ORDERS:
        case_no, there, onward = await two_banks(bench, "1500.00")
        line = moved(there, second, "ICIC", "000123456789", rrn_transaction_id=onward, amount="1500.00")
        await bench.answer("PUNB", case_no, line)
        sent = {one.asked: bench.bank.jobs[UUID(one.request_id)] for one in await bench.ask(case_no)}
        said = [("600.00", sent[3,], ""), ("600.00", sent[3,], "again")]
        said += [(second, sent[4,], ""), (second, sent[4,], "again")]
        for rupees, job_id, remarks in (said[place] for place in order):
            held = row(1, onward, rupees, root_account_number="000123456789", remarks=remarks)
            await bench.answer("PUNB", case_no, held, job_id=job_id)
            await bench.answer("ICIC", case_no, held, job_id=job_id)
        places = [await placed(bench, case_no, hop_no) for hop_no in (3, 4)]
        assert places == [{"held": 600_00}, {"held": int(float(second) * 100)}], order
        assert (await bench.hops(case_no))[2:] == ["closed", "closed"], order
        await bench.check(case_no)
