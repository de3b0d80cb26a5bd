"""Answers by telephone: taken as over a channel, believed with a second officer, and counted once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from activities.case.call_backs import list_telephone_answers, take_telephone_answer
from activities.case.claims import NotItsHop
from activities.case.discrepancies import ResolvingOfficer, resolve
from domain.errors.case import IdempotencyKeyReused, RequestNotFound, RequestNotLive
from schemas.case.discrepancies import NewResolution
from schemas.case.hold_requests import NewTelephoneAnswer, Speaker
from schemas.enums import RequestState, ResolutionDecision
from tests.activities.bench import Bench
from tests.activities.case.telephone import (
    OFFICER,
    SPEAKER,
    held,
    moved_on,
    nothing,
    request_of,
    said,
    spent,
    withdrawn,
)
from tests.activities.told import a_case
from tests.factories import moved, row, rrn, transfer
from tests.opened_bodies import opened_rows

SUPERVISOR = ResolvingOfficer("officer:vikram", supervises=True)
UPHELD = NewResolution(decision=ResolutionDecision.UPHELD_BANK, reason="asked again on a known number")


async def asked(bench: Bench, **changes: Any) -> tuple[str, str]:
    """A case of ₹1,000 about which HDFC has its request; its number and reference."""
    case_no, root = await a_case(bench, **changes)
    await bench.ask(case_no)
    return case_no, root


async def importers(bench: Bench, case_no: str, hop_no: int) -> list[str]:
    found: list[str] = await bench.value("SELECT only_importers($1, $2)", case_no, hop_no)
    return found


# -- by the rules of a channel -------------------------------------------------------------------------------------


async def test_what_moved_on_is_asked_about_at_once_and_the_wait_for_the_bank_ends(bench: Bench) -> None:
    case_no, _ = await asked(bench)
    onward = rrn()
    taken = await said(bench, case_no, withdrawn(300), moved_on(700, onward))
    assert (taken.accepted, taken.duplicates, taken.discrepancy_ids) == (2, 0, ())
    assert (taken.request_state, taken.hops_open, taken.number_is_known) == (RequestState.ANSWERED, (), True)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "withdrawn": 300_00, "in_play": 700_00}
    assert [(order.institution, order.case_no) for order in await bench.orders(case_no)] == [("ICIC", case_no)]
    assert await bench.tasks(case_no) == [("supervise", None)], "money moved on soon after the transfer"
    written = ["answer_received", "request_sent", "telephone_answer_entered", "officer_alarm"]
    assert (await bench.events(case_no))[-4:] == written
    await bench.ask(case_no)
    taken = await said(bench, case_no, held(700, hop=2), bank="ICIC")
    assert (await bench.buckets(case_no))["held"] == 700_00
    await bench.check(case_no)


async def test_a_bank_that_finds_nothing_is_a_refusal_and_one_that_tells_a_part_is_still_asked(bench: Bench) -> None:
    case_no, _ = await asked(bench)
    taken = await said(bench, case_no, spent(400))
    assert (taken.request_state, taken.hops_open) == (RequestState.DELIVERED, (1,))
    await said(bench, case_no, nothing())
    assert await bench.buckets(case_no) == {"lost": -1000_00, "spent": 400_00, "refused": 600_00}
    await bench.check(case_no)


async def test_the_evidence_says_by_telephone_who_spoke_and_who_entered_it(bench: Bench) -> None:
    case_no, _ = await asked(bench)
    taken = await said(bench, case_no, held(1000, remarks="manager says so"))
    (line,) = await opened_rows(bench.ctx, "answer", "WHERE case_no = $1", case_no)
    assert (line["raw"]["channel"], line["raw"]["entered_by"]) == ("telephone", OFFICER)
    assert [flag["code"] for flag in line["flags"]] == ["by_telephone"]
    actors = (
        "SELECT actor FROM case_event WHERE case_no = $1 AND kind IN ('answer_received', 'telephone_answer_entered')"
    )
    assert await bench.rows(actors, case_no) == [(OFFICER,)] * 2
    (shown,) = (await list_telephone_answers(bench.ctx, case_no)).items
    assert (shown.telephone_answer_id, shown.speaker) == (taken.telephone_answer_id, Speaker.model_validate(SPEAKER))
    assert (shown.entered_by, shown.number_is_known, shown.institution) == (OFFICER, True, "HDFC")


async def test_who_spoke_and_the_number_stand_sealed_only(bench: Bench) -> None:
    case_no, _ = await asked(bench)
    await said(bench, case_no, withdrawn(1000), name="Xerxes Quill", number="7000012345")
    for table in ("telephone_answer", "case_event", "answer", "desk_task", "case_news"):
        for (text,) in await bench.rows(f"SELECT to_jsonb(t)::text FROM {table} t WHERE case_no = $1", case_no):
            assert "Xerxes" not in text, table
            assert "7000012345" not in text, table
    owner = "SELECT person_id FROM complaint JOIN victim USING (victim_id) WHERE ack_no = $1"
    sealed_for = "SELECT person_id FROM telephone_answer WHERE case_no = $1"
    assert await bench.value(sealed_for, case_no) == await bench.value(owner, case_no)


async def test_an_unknown_number_is_a_flag_and_a_supervisor_checks(bench: Bench) -> None:
    case_no, _ = await asked(bench)
    taken = await said(bench, case_no, held(1000), number="7000099999")
    assert not taken.number_is_known
    flags = await bench.value("SELECT flags FROM answer WHERE case_no = $1", case_no)
    assert [flag["code"] for flag in flags] == ["by_telephone", "number_unknown"]
    causes = await bench.rows("SELECT kind, cause FROM desk_task WHERE case_no = $1 AND state = 'open'", case_no)
    assert causes == [("supervise", "telephone_answer_to_check")]
    assert (await bench.events(case_no))[-1] == "officer_alarm"
    await bench.check(case_no)


async def alarms(bench: Bench, case_no: str) -> list[int]:
    """The sums of the supervisor's open items about telephone answers."""
    facts = "SELECT (facts->>'claimed_paise')::bigint FROM desk_task WHERE case_no = $1 AND state = 'open'"
    return [paise for (paise,) in await bench.rows(f"{facts} AND kind = 'supervise' ORDER BY task_id", case_no)]


def long_ago(paise: int, **changes: Any) -> dict[str, Any]:
    return transfer(paise, transferred_at=(datetime.now(UTC) - timedelta(hours=30)).isoformat(), **changes)


@pytest.mark.parametrize(
    ("line", "alarmed"),
    [
        (withdrawn(100), True),
        (spent(100), True),
        (nothing(), True),
        (moved_on(1000, "412345678901"), True),
        (held(1000), False),
    ],
)
async def test_m13_gone_or_moved_by_telephone_soon_after_the_transfer_alarms_as_a_stop_does(
    bench: Bench, line: dict[str, Any], *, alarmed: bool
) -> None:
    line = line | ({"reference": rrn()} if line["kind"] == "moved" else {})
    for told, expected in ((transfer(1000_00), alarmed), (long_ago(1000_00), False)):
        case_no = await bench.complain(told)
        await said(bench, case_no, line)
        assert bool(await alarms(bench, case_no)) is expected
        assert ("officer_alarm" in await bench.events(case_no)) is expected
        await bench.check(case_no)


async def test_m13_many_small_telephone_answers_alarm_by_their_sum_for_each_request(bench: Bench) -> None:
    most = bench.ctx.policy.alarms.stop_above_paise // 100
    case_no = await bench.complain(long_ago(most * 100 + 100_00), long_ago(1000_00, payee_bank="ICIC"))
    await said(bench, case_no, withdrawn(most - 100))
    await said(bench, case_no, held(100), withdrawn(most))
    assert await alarms(bench, case_no) == [], "at the limit"
    await said(bench, case_no, held(200), withdrawn(most))
    assert await alarms(bench, case_no) == [], "a hold is no loss"
    await said(bench, case_no, nothing(hop=2), bank="ICIC")
    assert await alarms(bench, case_no) == [(most + 1000) * 100]
    found = await bench.rows(
        "SELECT facts->>'request_id' FROM desk_task WHERE case_no = $1 AND state = 'open'", case_no
    )
    assert (str(await request_of(bench, case_no, "ICIC")),) in found


async def test_m13_the_alarm_about_one_request_does_not_hide_that_about_another(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1000_00), transfer(1000_00, payee_bank="ICIC"))
    for bank, hop in (("HDFC", 1), ("ICIC", 2)):
        await said(bench, case_no, held(1000, hop=hop), bank=bank, number="7000099999")
    assert await alarms(bench, case_no) == [0, 0]


# -- two officers --------------------------------------------------------------------------------------------------


async def test_a_statement_against_a_hold_moves_nothing_before_a_second_officer_agrees(bench: Bench) -> None:
    case_no, root = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    taken = await said(bench, case_no, withdrawn(1000))
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}, "the hold stands"
    assert taken.discrepancy_ids == taken.for_second_officer != ()
    (doubt,) = taken.discrepancy_ids
    for alone in (OFFICER, "officer:Asha"):
        done, _ = await resolve(bench.ctx, doubt, UPHELD, ResolvingOfficer(alone, supervises=True))
        assert not done.settled, "the same person cannot agree"
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    done, _ = await resolve(bench.ctx, doubt, UPHELD, SUPERVISOR)
    assert done.settled
    assert await bench.buckets(case_no) == {"lost": -1000_00, "withdrawn": 1000_00}
    assert await bench.rows(
        "SELECT proposed_by, settled_by, from_held FROM discrepancy_resolution WHERE discrepancy_id = $1", doubt
    ) == [(OFFICER, "officer:vikram", True)]
    await bench.check(case_no)


async def test_who_alone_entered_it_is_named_until_the_bank_states_it_itself(bench: Bench) -> None:
    case_no, root = await asked(bench)
    onward = rrn()
    await said(bench, case_no, held(400), moved_on(600, onward))
    assert [await importers(bench, case_no, hop_no) for hop_no in (1, 2)] == [[OFFICER], [OFFICER]]
    lines = row(1, root, "400.00"), moved(root, "600.00", "ICIC", "1234567890", rrn_transaction_id=onward)
    await bench.answer("HDFC", case_no, *lines)
    assert await importers(bench, case_no, 1) == []
    assert await importers(bench, case_no, 2) == [OFFICER], "its own bank has not spoken"
    await bench.ask(case_no)
    await bench.answer("ICIC", case_no, row(1, onward, "600.00", root_account_number="1234567890"))
    assert await importers(bench, case_no, 2) == []
    await bench.check(case_no)


async def test_one_rupee_over_the_channel_does_not_clear_who_entered_the_rest(bench: Bench) -> None:
    case_no, root = await asked(bench)
    onward = rrn()
    await said(bench, case_no, held(300), withdrawn(200), moved_on(500, onward))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, root, "1.00"))
    await bench.answer("ICIC", case_no, row(1, onward, "1.00", root_account_number="1234567890"))
    assert [await importers(bench, case_no, hop_no) for hop_no in (1, 2)] == [[OFFICER], [OFFICER]]
    lines = row(1, root, "299.00", transaction_datetime="2026-11-24 11:00:00"), row(5, root, "200.00")
    await bench.answer("HDFC", case_no, *lines)
    assert await importers(bench, case_no, 1) == [OFFICER], "what moved on is told by telephone alone"
    await bench.answer("HDFC", case_no, moved(root, "500.00", "ICIC", "1234567890", rrn_transaction_id=onward))
    assert [await importers(bench, case_no, hop_no) for hop_no in (1, 2)] == [[], []]
    await bench.check(case_no)


# -- the same statement over a channel ---------------------------------------------------------------------------


async def test_a_channel_that_states_the_same_confirms_and_books_nothing_twice(bench: Bench) -> None:
    case_no, root = await asked(bench)
    onward = rrn()
    await said(bench, case_no, held(200), withdrawn(300), moved_on(500, onward))
    before = await bench.buckets(case_no)
    lines = (
        row(1, root, "200.00"),
        row(5, root, "300.00"),
        moved(root, "500.00", "ICIC", "1234567890", rrn_transaction_id=onward),
    )
    done = await bench.answer("HDFC", case_no, *lines)
    assert (done.accepted, done.discrepancies, await bench.buckets(case_no)) == (3, 0, before)
    assert await bench.hops(case_no) == ["closed", "asked"]
    assert await bench.rows(
        "SELECT hop_no, kind, booked_paise, confirmed_paise FROM telephone_booking WHERE case_no = $1 ORDER BY 1, 2",
        case_no,
    ) == [(1, "held", 200_00, 200_00), (1, "withdrawn", 300_00, 300_00), (2, "moved", 500_00, 500_00)]
    again = await bench.answer("HDFC", case_no, row(1, root, "200.00", transaction_datetime="2026-11-24 11:00:00"))
    assert again.discrepancies == 1, "the bank has confirmed that money already: a second hold is a contradiction"
    await bench.check(case_no)


async def test_by_telephone_the_bank_may_repeat_what_the_channel_has(bench: Bench) -> None:
    case_no, root = await asked(bench)
    onward = rrn()
    lines = row(1, root, "400.00"), moved(root, "500.00", "ICIC", "1234567890", rrn_transaction_id=onward)
    await bench.answer("HDFC", case_no, *lines)
    taken = await said(bench, case_no, held(500), moved_on(500, onward))
    assert (taken.accepted, taken.discrepancy_ids) == (2, ())
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 500_00, "in_play": 500_00}
    assert len(await bench.hops(case_no)) == 2
    await bench.check(case_no)


async def test_a_later_answer_that_contradicts_is_a_discrepancy(bench: Bench) -> None:
    case_no, root = await asked(bench)
    await said(bench, case_no, withdrawn(1000))
    done = await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert done.discrepancies == 1
    assert await bench.discrepancies(case_no) == [("held_and_gone", 1000_00, 0)]
    await bench.check(case_no)


async def test_money_that_officers_put_back_in_play_is_no_repeat(bench: Bench) -> None:
    # Other tests have money at the usual account, whose balance would contradict their holds.
    case_no, root = await asked(bench, payee={"institution": "HDFC", "account": f"5{rrn()}"})
    taken = await said(bench, case_no, held(1000, balance_paise=100_00))
    back = NewResolution(decision=ResolutionDecision.UPHELD_OTHER, reason="the account is empty")
    for by in (ResolvingOfficer(OFFICER, supervises=False), SUPERVISOR):
        await resolve(bench.ctx, taken.discrepancy_ids[0], back, by)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 100_00, "in_play": 900_00}
    await bench.answer("HDFC", case_no, row(1, root, "100.00"), row(5, root, "900.00"))
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 100_00, "withdrawn": 900_00}
    await bench.check(case_no)


# -- calls ---------------------------------------------------------------------------------------------------------


async def test_the_same_key_is_one_answer_and_another_body_under_it_is_refused(bench: Bench) -> None:
    case_no, _ = await asked(bench)
    at = datetime.now(UTC)
    first = await said(bench, case_no, held(1000), key="call-1", at=at)
    assert await said(bench, case_no, held(1000), key="call-1", at=at) == first
    for rupees, name in ((900, SPEAKER["name"]), (1000, "Somebody Else")):
        with pytest.raises(IdempotencyKeyReused):
            await said(bench, case_no, held(rupees), key="call-1", at=at, name=name)
    other = await said(bench, case_no, held(1000), key="call-1", at=at, by="officer:vikram")
    assert other.telephone_answer_id != first.telephone_answer_id, "a key belongs to its officer"
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    await bench.check(case_no)


async def test_a_line_is_about_a_hop_of_its_request_and_a_request_about_its_case(bench: Bench) -> None:
    case_no, _ = await asked(bench)
    with pytest.raises(NotItsHop):
        await said(bench, case_no, held(1000), held(1000, hop=2))
    other, _ = await asked(bench)
    new = NewTelephoneAnswer.model_validate({"speaker": SPEAKER, "told_at": datetime.now(UTC), "lines": [held(1000)]})
    for request_id in (await request_of(bench, other), uuid4()):
        with pytest.raises(RequestNotFound):
            await take_telephone_answer(bench.ctx, case_no, request_id, new, rrn(), OFFICER)
    assert await bench.value("SELECT count(*) FROM telephone_answer WHERE case_no = $1", case_no) == 0


async def test_the_database_refuses_an_answer_that_says_nothing_or_cannot_be(
    bench: Bench, subtests: pytest.Subtests
) -> None:
    case_no, _ = await asked(bench)
    await said(bench, case_no, held(1000))
    refusals = asyncpg.CheckViolationError, asyncpg.UniqueViolationError
    copy = (
        "INSERT INTO telephone_answer SELECT r.* FROM telephone_answer t,"
        " jsonb_populate_record(t, $2::jsonb) AS r WHERE t.case_no = $1"
    )
    for change, constraint in (
        ({"update_id": None}, "telephone_answer_says"),
        ({"told_at": "2090-01-01"}, "telephone_answer_told_before"),
        ({"calls_back_at": "1990-01-01"}, "telephone_answer_calls_later"),
        (
            {"telephone_answer_id": str(uuid4()), "update_id": None, "calls_back_at": "2090-01-01"},
            "telephone_answer_once",
        ),
    ):
        with subtests.test(change=change), pytest.raises(refusals, match=constraint):
            await bench.pool.execute(copy, case_no, change)


async def test_the_database_keeps_what_was_said(bench: Bench) -> None:
    case_no, _ = await asked(bench)
    await said(bench, case_no, held(900), call_back=timedelta(hours=1))
    for change in (
        "UPDATE telephone_answer SET entered_by = 'x' WHERE case_no = $1",
        "DELETE FROM telephone_answer WHERE case_no = $1",
        "UPDATE telephone_booking SET booked_paise = 1 WHERE case_no = $1",
        "DELETE FROM telephone_booking WHERE case_no = $1",
        "UPDATE call_back SET due_at = now() WHERE case_no = $1",
        "DELETE FROM call_back WHERE case_no = $1",
    ):
        with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
            await bench.pool.execute(change, case_no)
    with pytest.raises(asyncpg.CheckViolationError, match="telephone_booking_confirmed"):
        await bench.pool.execute("UPDATE telephone_booking SET confirmed_paise = 900_01 WHERE case_no = $1", case_no)


async def test_no_bank_promises_a_call_about_a_request_that_is_over(bench: Bench) -> None:
    case_no, root = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    with pytest.raises(RequestNotLive):
        await said(bench, case_no, call_back=timedelta(hours=1))
