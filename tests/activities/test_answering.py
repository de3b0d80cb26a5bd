"""A bank's answer, written: ledger, hops, requests and news in one transaction, whatever it says and however often."""

import hashlib
from typing import Any

import pytest

from activities.answering import take_status_update
from activities.hands import Hands
from activities.intake import take_complaint
from db.pool import Pool
from domain.errors import NotFound
from schemas.complaints import ComplaintReceipt
from tests.factories import complaint, make_hands, moved, row, rrn, status_update, transfer


@pytest.fixture
async def hands(database: Pool) -> Hands:
    return await make_hands(database)


async def taken(hands: Hands, *transfers: dict[str, Any]) -> ComplaintReceipt:
    return (await take_complaint(hands, complaint(*transfers), idempotency_key=rrn(), taken_by="officer:1")).receipt


async def buckets(pool: Pool, case_no: str) -> dict[str, int]:
    rows = await pool.fetch(
        "SELECT bucket, sum(balance_paise)::bigint AS paise FROM ledger_balance WHERE case_no = $1 GROUP BY bucket",
        case_no,
    )
    return {found["bucket"]: found["paise"] for found in rows if found["paise"]}


async def answer(hands: Hands, bank: str, ack_no: str, *rows: dict[str, Any]) -> Any:
    update = status_update(ack_no, rows)
    return await take_status_update(hands, bank, update, hashlib.sha256(repr((ack_no, rows)).encode()).digest())


async def test_a_complaint_puts_the_loss_in_play(hands: Hands) -> None:
    receipt = await taken(hands, transfer(700_00), transfer(300_00, payee_bank="ICIC"))
    assert await buckets(hands.pool, receipt.ack_no) == {"lost": -1000_00, "in_play": 1000_00}


async def test_held_moved_and_withdrawn_in_one_answer(hands: Hands) -> None:
    root = rrn()
    receipt = await taken(hands, transfer(10_000_00, reference=root))
    done = await answer(
        hands,
        "HDFC",
        receipt.ack_no,
        row(1, root, "4000.00"),
        moved(root, "5000.00", "ICIC", "000123456789"),
        row(5, root, "1000.00"),
    )
    assert (done.accepted, done.contradictions) == (3, 0)
    assert await buckets(hands.pool, receipt.ack_no) == {
        "lost": -10_000_00,
        "held": 4000_00,
        "withdrawn": 1000_00,
        "in_play": 5000_00,
    }
    news = done.follow_up.news
    assert [(hop.institution, hop.layer, hop.disputed_paise) for hop in news.opened] == [("ICIC", 2, 5000_00)]
    assert [ref.hop_no for ref in news.closed] == [1]


async def test_the_same_answer_twice_is_one_answer(hands: Hands) -> None:
    root = rrn()
    receipt = await taken(hands, transfer(10_000_00, reference=root))
    first = await answer(hands, "HDFC", receipt.ack_no, row(1, root, "10000.00"))
    second = await answer(hands, "HDFC", receipt.ack_no, row(1, root, "10000.00"))
    assert second.repeated
    assert (first.accepted, second.accepted) == (1, 1)
    assert second.follow_up is None
    assert (await buckets(hands.pool, receipt.ack_no))["held"] == 10_000_00


async def test_a_claim_above_the_hop_is_applied_in_part_and_kept_as_a_contradiction(hands: Hands) -> None:
    root = rrn()
    receipt = await taken(hands, transfer(1000_00, reference=root))
    done = await answer(hands, "HDFC", receipt.ack_no, row(1, root, "1500.00"))
    assert done.contradictions == 1
    found = await hands.pool.fetchrow("SELECT kind, claimed_paise, applied_paise FROM contradiction")
    assert tuple(found) == ("exceeds_disputed", 1500_00, 1000_00)
    assert await buckets(hands.pool, receipt.ack_no) == {"lost": -1000_00, "held": 1000_00}


async def test_a_bank_without_a_hop_in_the_case_learns_nothing(hands: Hands) -> None:
    root = rrn()
    receipt = await taken(hands, transfer(1000_00, reference=root))
    with pytest.raises(NotFound) as foreign:
        await answer(hands, "PUNB", receipt.ack_no, row(1, root, "1000.00"))
    with pytest.raises(NotFound) as unknown:
        await answer(hands, "PUNB", "39999999999999", row(1, root, "1000.00"))
    assert str(foreign.value).replace(receipt.ack_no, "") == str(unknown.value).replace("39999999999999", "")


@pytest.mark.parametrize(("code", "bucket", "state"), [("20", "refused", "closed"), ("02", "in_play", "correction")])
async def test_refusals_are_typed(hands: Hands, code: str, bucket: str, state: str) -> None:
    root = rrn()
    receipt = await taken(hands, transfer(1000_00, reference=root))
    await answer(hands, "HDFC", receipt.ack_no, row(1, root, "0", status_code=code))
    assert (await buckets(hands.pool, receipt.ack_no))[bucket] == 1000_00
    assert await hands.pool.fetchval("SELECT state FROM hop WHERE case_no = $1", receipt.ack_no) == state


async def test_an_unknown_code_is_kept_for_a_person_and_moves_nothing(hands: Hands) -> None:
    root = rrn()
    receipt = await taken(hands, transfer(1000_00, reference=root))
    await answer(hands, "HDFC", receipt.ack_no, row(1, root, "1000.00", status_code="77"))
    assert (await buckets(hands.pool, receipt.ack_no))["in_play"] == 1000_00
    assert await hands.pool.fetchval("SELECT status_code FROM answer") == "77"
    assert await hands.pool.fetchval("SELECT kind FROM desk_task") == "read_answer"
