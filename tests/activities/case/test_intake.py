"""Taking a complaint: durable before a number goes back, once however often it comes, and joined where it belongs."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.banks.directory import load_directory
from activities.case.intake import take_complaint
from activities.secrets import SecretBox
from db.case import intake
from db.case.intake import Known
from db.pool import Pool
from domain.errors import AckNoConflict, IdempotencyConflict
from domain.errors.case import AckNoTaken, IdempotencyKeyReused
from schemas.case.case_workflow import HopRef
from tests.activities.bench import Bench
from tests.activities.told import planned
from tests.clock import at_clock
from tests.factories import SECRET, complaint, institution, make_context, row, rrn, transfer


async def test_a_complaint_is_case_hops_ledger_and_event_in_one(bench: Bench) -> None:
    taken = await bench.take(complaint(transfer(700_00), transfer(300_00, payee_bank="ICIC")))
    case_no = taken.receipt.ack_no
    assert (taken.receipt.case_ack_no, taken.receipt.joined, taken.receipt.flags) == (case_no, False, ())
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    assert await bench.hops(case_no, "institution, layer, state") == [("HDFC", 1, "asked"), ("ICIC", 1, "asked")]
    assert await bench.events(case_no) == ["case_opened", "request_sent", "request_sent"]
    assert taken.follow_up is not None
    assert planned(taken.follow_up.start) == [("HDFC", [(1, 0)], 700_00), ("ICIC", [(2, 0)], 300_00)]
    requests = "SELECT institution, batch_no, state FROM hold_request WHERE case_no = $1 ORDER BY institution"
    assert await bench.rows(requests, case_no) == [("HDFC", 1, "sending"), ("ICIC", 1, "sending")]
    await bench.check(case_no)


@pytest.mark.parametrize(("channel", "digit"), [("helpline_1930", "3"), ("portal", "2"), ("import", "2")])
async def test_the_number_says_channel_and_day(bench: Bench, channel: str, digit: str) -> None:
    ack_no = await bench.complain(transfer(), channel=channel)
    today = datetime.now(UTC) + timedelta(hours=5, minutes=30)
    assert ack_no[:7] == f"{digit}{today:%d%m%y}"


async def test_a_complaint_has_the_time_of_the_clock_of_its_context(bench: Bench) -> None:
    at = datetime.now(UTC) + timedelta(days=3)
    ctx = at_clock(bench.ctx, lambda: at)
    taken = await take_complaint(ctx, complaint(transfer(700_00)), idempotency_key=rrn(), taken_by="officer:1")
    assert taken.receipt.received_at == at
    written = "SELECT opened_at FROM case_file WHERE case_no = $1"
    assert await bench.value(written, taken.receipt.ack_no) == at


async def test_a_number_that_the_portal_gave_is_kept(bench: Bench) -> None:
    assert await bench.complain(transfer(), ack_no="22411262654321") == "22411262654321"


async def test_a_portals_number_of_our_half_loses_no_complaint(bench: Bench) -> None:
    ours = await bench.complain(transfer())
    told = complaint(transfer(), ack_no=ours, channel="portal")
    taken = await bench.take(told)
    assert taken.receipt.ack_no not in {ours, ""}
    assert ("ack_no", "number_of_ours") in [(flag.field, flag.code) for flag in taken.receipt.flags]
    assert taken.receipt.case_ack_no == taken.receipt.ack_no
    assert (await bench.buckets(taken.receipt.ack_no))["in_play"] == 10_000_00
    again = await bench.take(told)
    assert (again.repeated, again.receipt) == (True, taken.receipt)
    with pytest.raises(AckNoTaken):
        await bench.take(complaint(transfer(), ack_no=ours, channel="portal"))
    stored = "SELECT portal_ack_no FROM complaint WHERE ack_no = $1"
    assert await bench.value(stored, taken.receipt.ack_no) == ours
    await bench.check(taken.receipt.ack_no)


async def test_a_portals_number_of_our_half_is_kept_if_it_is_free(bench: Bench) -> None:
    ours = await bench.complain(transfer())
    free = f"{int(ours) + 1}"
    told = complaint(transfer(), ack_no=free, channel="portal")
    taken = await bench.take(told)
    assert (taken.receipt.ack_no, taken.receipt.flags) == (free, ())
    assert (await bench.take(told)).repeated
    with pytest.raises(AckNoTaken):
        await bench.take(complaint(transfer(), ack_no=free))


async def test_low_numbers_of_our_half_that_others_took_in_a_row_keep_no_complaint_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.case.intake.NUMBERS_IN_A_ROW", 2)
    ours = await bench.complain(transfer())
    for step in (1, 2, 3):
        await bench.complain(transfer(), ack_no=f"{int(ours) + step}")
    given = await bench.complain(transfer())
    assert given[:7] == ours[:7]
    assert given not in {f"{int(ours) + step}" for step in range(5)}


@pytest.mark.parametrize("channel", ["helpline_1930", "portal", "import"])
async def test_our_own_numbers_are_of_the_upper_half_of_a_day_and_the_lower_is_the_portals(
    bench: Bench, channel: str
) -> None:
    ours = await bench.complain(transfer(), channel=channel)
    assert int(ours[7:]) >= 5_000_000
    portals = f"{ours[:7]}{int(ours[7:]) - 5_000_000:07d}"
    assert await bench.complain(transfer(), channel="portal", ack_no=portals) == portals


async def test_after_the_last_number_of_a_day_comes_the_first_of_the_upper_half(database: Pool) -> None:
    own = Bench(await make_context(database))
    await own.pool.execute("SELECT setval('ack_serial', 9999998)")
    numbers = [await own.complain(transfer()) for _ in range(2)]
    assert (numbers[0][7:], numbers[1][7:]) == ("9999999", "5000000")


async def test_a_number_the_portal_gave_out_in_our_range_is_passed_over(bench: Bench) -> None:
    ours = await bench.complain(transfer())
    following = [f"{int(ours) + step}" for step in (1, 2)]
    for ack_no in following:
        await bench.complain(transfer(), ack_no=ack_no)
    assert await bench.complain(transfer()) == f"{int(ours) + 3}"


async def test_a_number_that_is_given_out_while_a_complaint_is_taken_is_passed_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = await bench.complain(transfer())
    await bench.complain(transfer(), ack_no=f"{int(ours) + 1}")
    read, reads = intake.read, []

    async def as_before_the_other_commit(*arguments: Any, **more: Any) -> Known:
        known = await read(*arguments, **more)
        reads.append(known)
        return known if reads[1:] else known.model_copy(update={"by_number": None})

    monkeypatch.setattr(intake, "read", as_before_the_other_commit)
    assert await bench.complain(transfer()) == f"{int(ours) + 2}"
    assert len(reads) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rrn": "12345"}, "odd_rrn"),
        ({"payee": {"institution": "HDFC", "account": "12"}}, "odd_account"),
        (
            {"payee": {"institution": "HDFC", "account": "5010000001", "ifsc": "SBIN0001234"}},
            "institution_contradicts_ifsc",
        ),
        ({"payee": {"institution": "HDFC", "account": "5010000001", "ifsc": "XXXX0001234"}}, "unknown_ifsc"),
        ({"payee": {"institution": "HDFC", "account": "5010000001", "ifsc": "bad"}}, "odd_ifsc"),
        ({"payee": {"institution": "Bank of Nowhere", "account": "5010000001"}}, "unknown_institution"),
        ({"transferred_at": "2020-01-01T00:00:00+05:30"}, "stale"),
        ({"transferred_at": "2090-01-01T00:00:00+05:30"}, "in_the_future"),
    ],
)
async def test_what_is_odd_but_possible_is_taken_and_flagged(bench: Bench, changes: dict[str, Any], code: str) -> None:
    reference = {"rrn": rrn()} | changes
    taken = await bench.take(complaint(transfer(**reference)))
    assert code in [flag.code for flag in taken.receipt.flags]
    assert (await bench.buckets(taken.receipt.ack_no))["in_play"] == 10_000_00
    stored = await bench.value("SELECT flags FROM complaint WHERE ack_no = $1", taken.receipt.ack_no)
    assert code in [flag["code"] for flag in stored]
    await bench.check(taken.receipt.ack_no)


async def test_the_ifsc_decides_whom_we_ask(bench: Bench) -> None:
    case_no = await bench.complain(
        transfer(payee={"institution": "HDFC", "account": "5010000001", "ifsc": "ICIC0001234"})
    )
    assert await bench.hops(case_no, "institution") == ["ICIC"]


async def test_money_at_an_unknown_institution_waits_for_the_desk(bench: Bench) -> None:
    taken = await bench.take(complaint(transfer(payee_bank="Bank of Nowhere"), transfer(500_00)))
    case_no = taken.receipt.ack_no
    assert await bench.hops(case_no) == ["unroutable", "asked"]
    assert await bench.tasks(case_no) == [("name_institution", 1)]
    assert taken.follow_up is not None
    assert taken.follow_up.start is not None
    assert taken.follow_up.start.parked == (HopRef(hop_no=1, revision=0),)
    await bench.check(case_no)


async def test_the_same_row_twice_counts_once_and_is_flagged(bench: Bench) -> None:
    one = transfer(700_00)
    taken = await bench.take(complaint(one, one, transfer(300_00)))
    assert [(flag.field, flag.code) for flag in taken.receipt.flags] == [("transfers[1]", "repeated_row")]
    assert (await bench.buckets(taken.receipt.ack_no))["lost"] == -1000_00


async def test_one_reference_and_amount_at_two_banks_is_one_transfer_and_flagged(bench: Bench) -> None:
    reference = rrn()
    told = complaint(transfer(reference=reference), transfer(reference=reference, payee_bank="ICIC"))
    taken = await bench.take(told)
    assert [(flag.field, flag.code) for flag in taken.receipt.flags] == [
        ("transfers[1].payee.institution", "other_bank")
    ]
    assert (await bench.buckets(taken.receipt.ack_no))["lost"] == -10_000_00


# -- again ---------------------------------------------------------------------------------------------------------


async def test_the_same_key_and_body_is_the_same_complaint(bench: Bench) -> None:
    told, key = complaint(transfer()), rrn()
    first = await bench.take(told, key=key)
    second = await bench.take(told, key=key)
    assert (second.receipt, second.repeated, second.follow_up) == (first.receipt, True, None)
    assert await bench.events(first.receipt.ack_no) == ["case_opened", "request_sent"]


async def test_the_same_key_with_another_body_is_a_named_error(bench: Bench) -> None:
    key = rrn()
    await bench.take(complaint(transfer()), key=key)
    with pytest.raises(IdempotencyKeyReused):
        await bench.take(complaint(transfer()), key=key)


async def test_one_callers_key_belongs_to_no_other_caller(bench: Bench) -> None:
    key = rrn()
    first = await bench.take(complaint(transfer()), key=key, taken_by="officer:1")
    second = await bench.take(complaint(transfer()), key=key, taken_by="officer:2")
    assert first.receipt.ack_no != second.receipt.ack_no


async def test_a_number_taken_twice_with_the_same_content_is_one_complaint(bench: Bench) -> None:
    told = complaint(transfer(), ack_no="22411260000123")
    first = await bench.take(told)
    again = await bench.take(told)
    assert (again.repeated, again.receipt) == (True, first.receipt)


async def test_a_number_taken_with_other_content_is_a_named_error(bench: Bench) -> None:
    await bench.complain(transfer(), ack_no="22411260000124")
    with pytest.raises(AckNoConflict, match="22411260000124"):
        await bench.complain(transfer(), ack_no="22411260000124")


async def test_twenty_at_once_with_one_key_are_one_complaint(bench: Bench) -> None:
    told, key = complaint(transfer()), rrn()
    taken = await asyncio.gather(*(bench.take(told, key=key) for _ in range(20)))
    assert len({one.receipt.ack_no for one in taken}) == 1
    assert [one.repeated for one in taken].count(False) == 1
    await bench.check(taken[0].receipt.ack_no)


async def test_twenty_at_once_with_one_key_and_other_bodies_are_one_complaint_and_named_errors(bench: Bench) -> None:
    key = rrn()
    taken = await asyncio.gather(
        *(bench.take(complaint(transfer()), key=key) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(one, IdempotencyConflict) for one in taken) == 19


# -- joined --------------------------------------------------------------------------------------------------------


async def test_a_known_transfer_joins_its_case_and_the_loss_is_counted_once(bench: Bench) -> None:
    known, new = transfer(700_00), transfer(300_00, payee_bank="ICIC")
    case_no = await bench.complain(known)
    joined = await bench.take(complaint(known, new), taken_by="officer:2")
    assert (joined.receipt.case_ack_no, joined.receipt.joined) == (case_no, True)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    assert joined.follow_up is not None
    assert joined.follow_up.start is None
    assert planned(joined.follow_up.news) == [("ICIC", [(2, 0)], 300_00)]
    await bench.check(case_no)


async def test_a_complaint_about_known_transfers_only_changes_nothing_but_the_number(bench: Bench) -> None:
    known = transfer()
    case_no = await bench.complain(known)
    joined = await bench.take(complaint(known))
    assert joined.receipt.ack_no != case_no
    assert joined.follow_up is None
    assert await bench.events(case_no) == ["case_opened", "request_sent", "complaint_joined"]
    assert await bench.hops(case_no) == ["asked"]
    await bench.check(case_no)


@pytest.mark.parametrize(
    "spelling",
    [
        lambda reference: {"rrn": f"{reference[:4]} {reference[4:8]}-{reference[8:]}"},
        lambda reference: {"rrn": reference, "payee": {"institution": "hdfc bank ltd", "account": "00050100000000001"}},
        lambda reference: {"rrn": reference, "payee": {"institution": "?", "account": "1", "ifsc": "HDFC0000001"}},
    ],
)
async def test_a_transfer_stated_differently_is_known(bench: Bench, spelling: Any) -> None:
    reference = rrn()
    case_no = await bench.complain(transfer(reference=reference))
    assert await bench.complain(transfer(**spelling(reference))) == case_no


@pytest.mark.parametrize("change", [{"amount_paise": 10_000_01, "payee_bank": "ICIC"}, {"reference": None}])
async def test_another_transfer_is_another_case(bench: Bench, change: dict[str, Any]) -> None:
    told: dict[str, Any] = {"amount_paise": 10_000_00, "reference": rrn()}
    case_no = await bench.complain(transfer(**told))
    assert await bench.complain(transfer(**(told | change))) != case_no


async def test_every_number_resolves_to_the_case(bench: Bench) -> None:
    root = rrn()
    one = transfer(1000_00, reference=root)
    case_no = await bench.complain(one)
    second = (await bench.take(complaint(one))).receipt.ack_no
    await bench.ask(case_no)
    await bench.answer("HDFC", second, row(1, root, "1000.00"))
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}


async def test_a_complaint_about_two_cases_joins_the_older_and_says_so(bench: Bench) -> None:
    one, other = transfer(), transfer()
    first = await bench.complain(one)
    second = await bench.complain(other)
    joined = await bench.take(complaint(other, one, transfer(500_00)))
    assert joined.receipt.case_ack_no == first
    assert [(flag.code, second in flag.message) for flag in joined.receipt.flags] == [("known_in_another_case", True)]
    assert await bench.buckets(first) == {"lost": -10_500_00, "in_play": 10_500_00}
    assert await bench.buckets(second) == {"lost": -10_000_00, "in_play": 10_000_00}


async def test_a_complaint_that_would_overfill_the_case_opens_one_of_its_own_and_says_so(bench: Bench) -> None:
    bench = with_max_hops(bench, 2)
    known, others = transfer(700_00), [transfer(300_00, payee_bank="ICIC"), transfer(200_00)]
    case_no = await bench.complain(known)
    taken = await bench.take(complaint(known, *others))
    own_no = taken.receipt.ack_no
    assert (taken.receipt.case_ack_no, taken.receipt.joined) == (own_no, False)
    assert [(flag.field, flag.code) for flag in taken.receipt.flags] == [
        ("transfers", "known_in_another_case"),
        ("transfers", "case_full"),
    ]
    assert all(case_no in flag.message for flag in taken.receipt.flags)
    assert await bench.buckets(case_no) == {"lost": -700_00, "in_play": 700_00}
    assert await bench.buckets(own_no) == {"lost": -500_00, "in_play": 500_00}
    assert await bench.hops(own_no, "hop_no, institution") == [(1, "ICIC"), (2, "HDFC")]
    assert await bench.events(case_no) == ["case_opened", "request_sent"]
    assert await bench.events(own_no) == ["case_opened", "request_sent", "request_sent"]
    assert taken.follow_up is not None
    assert taken.follow_up.start is not None
    for number in (case_no, own_no):
        await bench.check(number)
    again = await bench.take(complaint(others[0]))
    assert (again.receipt.case_ack_no, again.receipt.joined) == (own_no, True)


async def test_a_case_may_be_filled_to_the_brim_and_joined_without_new_money(bench: Bench) -> None:
    bench = with_max_hops(bench, 2)
    known = transfer(700_00)
    case_no = await bench.complain(known)
    for told in (complaint(known, transfer(300_00)), complaint(known)):
        assert (await bench.take(told)).receipt.case_ack_no == case_no
    assert len(await bench.hops(case_no)) == 2


async def test_two_that_fill_the_last_place_at_once_never_overfill_the_case(bench: Bench) -> None:
    bench = with_max_hops(bench, 2)
    known = transfer(700_00)
    case_no = await bench.complain(known)
    taken = await asyncio.gather(*(bench.take(complaint(known, transfer(300_00))) for _ in range(4)))
    assert [one.receipt.joined for one in taken].count(True) == 1
    assert len(await bench.hops(case_no)) == 2


def with_max_hops(bench: Bench, max_hops: int) -> Bench:
    rules = bench.ctx.policy.trail.model_copy(update={"max_hops": max_hops})
    policy = bench.ctx.policy.model_copy(update={"trail": rules})
    return Bench(dataclasses.replace(bench.ctx, policy=policy))


async def test_new_money_in_a_settled_case_opens_it_again(bench: Bench) -> None:
    root = rrn()
    known = transfer(1000_00, reference=root)
    case_no = await bench.complain(known)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    await bench.settle(case_no)
    joined = await bench.take(complaint(known, transfer(500_00)))
    assert joined.follow_up is not None
    assert planned(joined.follow_up.start) == [("HDFC", [(2, 0)], 500_00)]
    assert (await bench.events(case_no))[-3:] == ["complaint_joined", "case_reopened", "request_sent"]
    assert await bench.value("SELECT workflow_started_at FROM case_file WHERE case_no = $1", case_no) is None
    await bench.check(case_no)


async def test_twenty_callers_at_once_about_one_transfer_are_one_case_and_every_number_resolves(bench: Bench) -> None:
    one = transfer()
    taken = await asyncio.gather(
        *(bench.take(complaint(one, transfer(100_00)), taken_by=f"officer:{number}") for number in range(20))
    )
    (case_no,) = {one.receipt.case_ack_no for one in taken}
    assert [one.receipt.joined for one in taken].count(False) == 1
    numbers = {one.receipt.ack_no for one in taken}
    assert len(numbers) == 20
    resolved = await bench.rows("SELECT ack_no FROM complaint WHERE case_no = $1", case_no)
    assert {ack_no for (ack_no,) in resolved} == numbers
    assert await bench.buckets(case_no) == {"lost": -12_000_00, "in_play": 12_000_00}
    bench.starts.clear()  # who opened the case is seen last: its start is older than the news
    await bench.check(case_no)


async def test_complaints_with_crossing_transfers_never_wait_for_each_other(bench: Bench) -> None:
    """Each names the same transfers in another order: locked as they stand, they would deadlock."""
    shared = [transfer(100_00 + number) for number in range(6)]
    told = [complaint(*(shared[number:] + shared[:number])) for number in range(6)] * 3
    async with asyncio.timeout(20):
        taken = await asyncio.gather(*(bench.take(one) for one in told))
    (case_no,) = {one.receipt.case_ack_no for one in taken}
    assert len(await bench.hops(case_no)) == 6


async def test_overlapping_complaints_at_once_keep_every_rupee_once(bench: Bench) -> None:
    """Each shares a transfer with the next: however they fall into cases, no loss counts twice."""
    links = [transfer(100_00 + number) for number in range(12)]
    taken = await asyncio.gather(*(bench.take(complaint(links[n], links[n + 1])) for n in range(11)))
    cases = {one.receipt.case_ack_no for one in taken}
    bench.starts.clear()
    for case_no in cases:
        await bench.check(case_no)
    lost = sum([(await bench.buckets(case_no))["lost"] for case_no in cases])
    assert lost == -sum(one["amount_paise"] for one in links)


async def test_numbers_given_and_numbers_made_at_once_never_collide(bench: Bench) -> None:
    """The portal registers the very numbers that we are about to give out."""
    last = int(await bench.complain(transfer()))
    given = [complaint(transfer(), ack_no=str(last + step)) for step in range(1, 11)]
    made = [complaint(transfer()) for _ in range(10)]
    mixed = [one for pair in zip(given, made, strict=True) for one in pair]
    taken = await asyncio.gather(*(bench.take(one) for one in mixed), return_exceptions=True)
    failed = [one for one in taken if isinstance(one, BaseException)]
    assert all(isinstance(one, AckNoConflict) for one in failed), failed
    numbers = [one.receipt.ack_no for one in taken if not isinstance(one, BaseException)]
    assert len(numbers) == len(set(numbers)) >= 10


async def test_an_institution_that_was_loaded_since_is_found(bench: Bench) -> None:
    await load_directory(bench.pool, SecretBox(SECRET), [institution("QQQQ")])
    await asyncio.sleep(1.1)  # the directory is read again at most once a second
    case_no = await bench.complain(transfer(payee_bank="QQQQ"))
    assert await bench.hops(case_no, "institution, state") == [("QQQQ", "asked")]


@pytest.mark.parametrize(
    ("told", "kept"), [(" Lakhimpur-Kheri ", "KHERI"), ("लखनऊ", "LUCKNOW"), ("Atlantis", "Atlantis")]
)
async def test_a_district_is_kept_by_its_code_and_as_it_was_told(bench: Bench, told: str, kept: str) -> None:
    victim = {"name": "V", "mobile": "9876543210", "district": told}
    taken = await bench.take(complaint(transfer(), victim=victim))
    assert [flag.code for flag in taken.receipt.flags] == (["odd_district"] if told == kept else [])
    row = await bench.rows(
        "SELECT district, district_as_told FROM victim JOIN complaint USING (victim_id) WHERE ack_no = $1",
        taken.receipt.ack_no,
    )
    assert row == [(kept, told.strip())]
