"""What a ticket says of the payment it is about, and how urgent it is."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from temporalio.exceptions import ApplicationError

from activities.case.desk import add_hop
from activities.gateway.feed import read_hold
from adapters.banks.protocol import BankUnreachable, HoldTicket
from schemas.case.discrepancies import NewHopByDesk
from schemas.enums import AnswerClass, EscalationLevel
from schemas.gateway.liens import FeedHold
from tests.activities.bench import Bench
from tests.activities.told import ask_after_pause, paused
from tests.factories import complaint, institution, make_context, moved, row, rrn, transfer

FIRST = {"name": "First", "mobile": "9000000001", "district": "AGRA"}
SECOND = {"name": "Second", "mobile": "9000000002", "district": "Kanpur"}
FIRST_PAYER = {"institution": "SBIN", "account": "30000000001"}
SECOND_PAYER = {"institution": "PUNB", "account": "40000000002"}


def first(amount_paise: int = 1000_00, **changes: Any) -> dict[str, Any]:
    return transfer(amount_paise, payer=FIRST_PAYER, mode="upi", **changes)


def second(amount_paise: int = 1000_00, **changes: Any) -> dict[str, Any]:
    return transfer(amount_paise, payer=SECOND_PAYER, mode="imps", **changes)


async def joined(bench: Bench, known: dict[str, Any], *new: dict[str, Any], ack_no: str | None = None) -> str:
    """A case of the first victim's `known`, which the second victim's complaint joins with `new`; the second number."""
    case_no = await bench.complain(known, victim=FIRST, category="upi_fraud", ack_no=ack_no)
    taken = await bench.take(complaint(known, *new, victim=SECOND, category="job_fraud"))
    assert (taken.receipt.case_ack_no, taken.receipt.joined) == (case_no, True)
    return taken.receipt.ack_no


def tickets(bench: Bench) -> dict[str, HoldTicket]:
    """By bank, the last ticket it got."""
    return dict(bench.bank.tickets)


def describes(ticket: HoldTicket) -> tuple[str, ...]:
    told = ticket.instrument
    return (
        told.payer_mobile,
        told.district,
        told.payer_bank,
        told.payer_bank_code,
        told.payer_account,
        told.mode_of_payment,
        told.transaction_type,
        ticket.sub_category,
    )


THE_FIRST = ("9000000001", "AGRA", "SBIN", "SBIN", "30000000001", "upi", "upi", "upi_fraud")
THE_SECOND = ("9000000002", "KANPUR NAGAR", "PUNB", "PUNB", "40000000002", "imps", "imps", "job_fraud")


# -- whose payment it describes ------------------------------------------------------------------------------------


async def test_each_bank_is_told_of_the_victim_whose_money_it_has(bench: Bench) -> None:
    second_no = await joined(bench, first(), second(payee_bank="ICIC"))
    case_no = await bench.value("SELECT case_no FROM complaint WHERE ack_no = $1", second_no)
    await bench.ask(case_no)
    told = tickets(bench)
    assert {bank: describes(ticket) for bank, ticket in told.items()} == {"HDFC": THE_FIRST, "ICIC": THE_SECOND}
    assert {ticket.ack_no for ticket in told.values()} == {case_no}
    assert await bench.hops(case_no, "ack_no") == [case_no, second_no]


async def test_money_that_moved_on_is_still_that_victims(bench: Bench) -> None:
    root = rrn()
    second_no = await joined(bench, first(), second(payee_bank="ICIC", reference=root))
    case_no = await bench.value("SELECT case_no FROM complaint WHERE ack_no = $1", second_no)
    await bench.ask(case_no)
    await bench.answer("ICIC", second_no, moved(root, "1000.00", "PUNB", "60000000001"))
    await bench.ask(case_no)
    assert describes(tickets(bench)["PUNB"]) == THE_SECOND
    assert await bench.hops(case_no, "ack_no") == [case_no, second_no, second_no]


async def test_a_hop_that_the_desk_adds_is_of_its_parents_victim(bench: Bench) -> None:
    second_no = await joined(bench, first(), second(payee_bank="ICIC"))
    new = {
        "parent_hop_no": 2,
        "payee": {"institution": "PUNB", "account": "60000000001"},
        "amount_paise": 600_00,
        "disputed_paise": 600_00,
        "reference": rrn(),
        "transferred_at": "2026-11-24T10:00:00",
        "reason": "told by phone",
    }
    done = await add_hop(bench.ctx, second_no, NewHopByDesk.model_validate(new), "officer:1")
    await bench.ask(done.case_no)
    assert describes(tickets(bench)["PUNB"]) == THE_SECOND
    await bench.check(done.case_no)


async def test_of_several_victims_the_one_with_the_most_money_in_play_is_told(bench: Bench) -> None:
    case_no = await paused(bench)
    known = first(1000_00, payee_bank="ICIC")
    await joined(bench, known, second(1000_01, payee_bank="ICIC"), ack_no=case_no)
    await ask_after_pause(bench, case_no)
    assert len(bench.bank.tickets) == 1
    assert describes(tickets(bench)["ICIC"]) == THE_SECOND
    assert len(tickets(bench)["ICIC"].incidents) == 2


async def test_what_is_in_play_counts_and_not_what_was(bench: Bench) -> None:
    root, case_no = rrn(), await paused(bench)
    known = first(1000_00, payee_bank="ICIC")
    await joined(bench, known, second(5000_00, payee_bank="ICIC", reference=root), ack_no=case_no)
    await bench.answer("ICIC", case_no, row(1, root, "4500.00"))
    await ask_after_pause(bench, case_no)
    assert len(bench.bank.tickets) == 1
    assert describes(tickets(bench)["ICIC"]) == THE_FIRST


async def test_one_victims_two_payers_are_told_apart(bench: Bench) -> None:
    case_no = await bench.complain(first(), second(payee_bank="ICIC"), victim=FIRST, category="upi_fraud")
    await bench.ask(case_no)
    told = tickets(bench)
    assert (told["HDFC"].instrument.payer_account, told["HDFC"].instrument.payer_bank) == ("30000000001", "SBIN")
    assert (told["ICIC"].instrument.payer_account, told["ICIC"].instrument.payer_bank) == ("40000000002", "PUNB")
    assert {ticket.instrument.payer_mobile for ticket in told.values()} == {"9000000001"}


@pytest.mark.parametrize(
    "changes",
    [{"category": "Sextortion"}, {"victim": {**FIRST, "child": True}}],
    ids=["protected matter", "child"],
)
async def test_m11_a_ticket_of_a_marked_complaint_tells_neither_category_nor_mobile_nor_district(
    bench: Bench, changes: dict[str, Any]
) -> None:
    sent = await bench.ask_one(await bench.complain(first(), **{"victim": FIRST, "category": "upi_fraud"} | changes))
    ticket = tickets(bench)["HDFC"]
    told = ticket.instrument
    assert (told.payer_mobile, told.district, ticket.sub_category) == ("", "", "Online Financial Fraud")
    assert (told.payer_account, told.payer_bank, told.state) == ("30000000001", "SBIN", "UTTAR PRADESH")
    demand = await in_the_feed(bench, sent.request_id)
    assert (demand.instrument.payer_mobile, demand.instrument.district, demand.category) == (
        "",
        "",
        "Online Financial Fraud",
    )


# -- how urgent it is ----------------------------------------------------------------------------------------------


async def in_the_feed(bench: Bench, request_id: str) -> FeedHold:
    bank = await bench.value("SELECT institution FROM hold_request WHERE request_id = $1::uuid", request_id)
    return await read_hold(bench.ctx, bank, UUID(request_id))


def urgency(told: HoldTicket | FeedHold) -> tuple[object, ...]:
    return told.priority, told.requested_at, told.respond_by


async def test_every_way_tells_the_same_urgency_and_the_policy_says_it(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1000_00))
    sent = await bench.ask_one(case_no)
    ticket = tickets(bench)["HDFC"]
    asked_at = await bench.value("SELECT sent_at FROM hold_request WHERE case_no = $1", case_no)
    wait = timedelta(seconds=bench.ctx.policy.ladder[EscalationLevel.REMINDER].api_seconds)
    assert urgency(ticket)[1:] == (asked_at, asked_at + wait)
    assert urgency(await in_the_feed(bench, sent.request_id)) == urgency(ticket)


async def test_m12_every_way_says_until_when_a_hold_is_asked(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1000_00))
    sent = await bench.ask_one(case_no)
    asked_at = await bench.value("SELECT sent_at FROM hold_request WHERE case_no = $1", case_no)
    until = asked_at + timedelta(seconds=bench.ctx.policy.hold.lapse_after_seconds)
    assert tickets(bench)["HDFC"].hold_until == until
    assert (await in_the_feed(bench, sent.request_id)).hold_until == until


async def test_m12_the_feed_says_that_a_court_keeps_a_hold_beyond_its_time(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1000_00))
    sent = await bench.ask_one(case_no)
    held_at = datetime.now(UTC) + timedelta(hours=1)
    lapses_at = held_at + timedelta(days=90)
    await bench.pool.execute(
        "INSERT INTO account_hold (hold_id, case_no, institution, account_key, reference, state, first_held_at,"
        " lapses_at, policy) SELECT gen_random_uuid(), case_no, institution, account_key, 'ABCDEFGH01', 'held', $2, $3,"
        " '{}'::jsonb FROM hop WHERE case_no = $1",
        case_no,
        held_at,
        lapses_at,
    )
    before = await in_the_feed(bench, sent.request_id)
    assert before.hold_until == lapses_at, "the hold began later than it was asked"
    await bench.pool.execute(
        "UPDATE account_hold SET retained_by_kind = 'court_order', retained_by_id = '1' WHERE case_no = $1", case_no
    )
    kept = await in_the_feed(bench, sent.request_id)
    assert kept.hold_until is None
    assert "hold_until" not in kept.model_dump()
    assert kept.version > before.version, "the bank reads it as a change"
    await bench.pool.execute(
        "UPDATE account_hold SET retained_by_kind = NULL, retained_by_id = NULL WHERE case_no = $1", case_no
    )
    assert (await in_the_feed(bench, sent.request_id)).hold_until == lapses_at


@pytest.mark.parametrize("answer_class", list(AnswerClass))
async def test_the_time_to_answer_is_that_of_the_banks_class(bench: Bench, answer_class: AnswerClass) -> None:
    entry = institution(f"OF_{answer_class.upper()}").model_copy(update={"answer_class": answer_class})
    ctx = await make_context(bench.pool, [entry], clock_factor=10.0)
    own = Bench(ctx)
    await own.ask_one(await own.complain(transfer(1000_00, payee_bank=entry.code)))
    ticket = tickets(own)[entry.code]
    assert ticket.requested_at is not None
    wait = timedelta(seconds=ctx.policy.ladder[EscalationLevel.REMINDER].after_seconds(answer_class) / 10)
    assert ticket.respond_by == ticket.requested_at + wait


@pytest.mark.parametrize(
    ("age", "paise", "priority"),
    [
        (timedelta(minutes=5), 100_000_00, 1),
        (timedelta(minutes=5), 99_999_99, 2),
        (timedelta(hours=5), 100_000_00, 3),
        (timedelta(days=5), 99_999_99, 5),
    ],
)
async def test_fresh_and_large_money_goes_first(bench: Bench, age: timedelta, paise: int, priority: int) -> None:
    at = (datetime.now(UTC) - age).isoformat(timespec="seconds")
    sent = await bench.ask_one(await bench.complain(transfer(paise, transferred_at=at)))
    assert tickets(bench)["HDFC"].priority == priority
    assert (await in_the_feed(bench, sent.request_id)).priority == priority


async def test_sent_again_it_is_as_urgent_as_it_was(bench: Bench) -> None:
    """Though the largest of its transfers has its answer, and time has passed."""
    root, now = rrn(), datetime.now(UTC).isoformat(timespec="seconds")
    case_no = await bench.complain(
        transfer(100_000_00, reference=root, transferred_at=now), transfer(100_00, transferred_at=now)
    )
    (order,) = await bench.orders(case_no)
    bench.bank.outcomes.append(BankUnreachable("HDFC", "timeout"))
    with pytest.raises(ApplicationError):
        await bench.freeze.send_hold_request(order)
    await bench.answer("HDFC", case_no, row(1, root, "100000.00"))
    sent = await bench.freeze.send_hold_request(order)
    first, again = (ticket for _, ticket in bench.bank.tickets)
    assert (len(first.incidents), len(again.incidents)) == (2, 1)
    assert urgency(first) == urgency(again) == urgency(await in_the_feed(bench, sent.request_id))


# -- the complaint of a hop --------------------------------------------------------------------------------------------


async def test_a_hop_of_another_cases_complaint_is_refused(bench: Bench) -> None:
    case_no, other_no = await bench.complain(first()), await bench.complain(second())
    again = (
        "INSERT INTO hop SELECT (jsonb_populate_record(h, jsonb_build_object('hop_no', 2, 'ack_no', $2::text))).*"
        " FROM hop h WHERE case_no = $1"
    )
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await bench.pool.execute(again, case_no, other_no)
