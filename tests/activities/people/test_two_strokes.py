"""Two strokes: a draft asks the banks with four facts, and what follows is added to the same complaint."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
import pytest

from activities.case.intake import take_complaint
from activities.people import draft_saving, draft_sending, victims
from activities.people.draft_statements import stories
from activities.recovery.message_outbox import tell_victim
from db.pool import open_pool
from domain.errors.people import ComplaintFull, ContactTooLate, DraftHasOwner, DraftIncomplete, VictimCorrectionProposed
from domain.people.drafts import complaint_of, read_draft
from schemas.case.intake import DraftEnd
from schemas.notifications import MessageKind
from schemas.people.drafts import DraftContent, PassDraftOn
from schemas.privacy.personal_data import NewVictimCorrection, PersonalData, Reach, ReachWay
from tests.activities.bench import Bench
from tests.activities.people.draft_bench import ASHA, Call, four_facts, to_hdfc
from tests.activities.people.test_draft_saving import RECEIVERS, team_of
from tests.activities.statement_count import sent
from tests.factories import complaint, make_context, moved, rrn, transfer
from tests.said import said

_numbers = count(1)
UNKNOWN = PersonalData(name="not stated", mobile="0000000000")
TOLD = PersonalData(name="Asha Devi", mobile="9876543210", email="asha@example.org")
OF_COMPLAINT = 6
"""statements of a complaint (`tests/activities/test_statement_counts.py`)"""
OF_DRAFT = 2
"""the draft and in whose name it is sent; then, when the workflow is notified already, the link"""


@pytest.fixture
async def call(bench: Bench) -> Call:
    return await Call(bench, f"operator.{next(_numbers)}").begin()


async def marks(bench: Bench, ack_no: str) -> tuple[Any, ...]:
    (row,) = await bench.rows(
        "SELECT c.category, c.marked, v.district, v.district_as_told, v.woman, v.child, v.senior, v.language"
        " FROM complaint c JOIN victim v USING (victim_id) WHERE c.ack_no = $1",
        ack_no,
    )
    return row


async def told(bench: Bench, ack_no: str, columns: str = "row_no, hop_no, amount_paise, differing") -> list[Any]:
    return await bench.rows(f"SELECT {columns} FROM complaint_transfer WHERE ack_no = $1 ORDER BY row_no", ack_no)


async def test_four_facts_are_a_complaint_and_the_call_goes_on(bench: Bench, call: Call) -> None:
    reference = rrn()
    first = await call.strike(transfers=[four_facts(reference)])
    case_no = first.receipt.case_ack_no
    assert (first.transfers_added, first.completed, first.missing, first.unasked) == (1, (), (), ("transfers[0]",))
    assert await bench.hops(case_no) == ["unroutable"]
    assert await bench.victims(case_no) == [UNKNOWN]
    # The caller finds who was paid. That bank is asked at once.
    second = await call.strike(transfers=[to_hdfc(reference)], victim=ASHA, category="upi_fraud")
    assert second.receipt == first.receipt
    assert second.completed == ("category", "district", "email", "mobile", "name")
    assert (second.transfers_added, second.unasked) == (1, ())
    assert await bench.hops(case_no, "state, institution, payee_holder") == [("asked", "HDFC", "ravi@okhdfc")]
    assert await bench.victims(case_no) == [TOLD]
    assert (await marks(bench, case_no))[:4] == ("upi_fraud", False, "LUCKNOW", "LUCKNOW")
    assert await bench.value("SELECT count(*) FROM complaint WHERE case_no = $1", case_no) == 1
    assert await bench.buckets(case_no) == {"lost": -500_00, "in_play": 500_00}
    kinds = await bench.events(case_no)
    assert [kind for kind in kinds if kind.startswith("complaint_")] == ["complaint_completed", "complaint_extended"]
    logged = str(await bench.rows("SELECT data FROM case_event WHERE case_no = $1", case_no))
    assert "Asha" not in logged
    assert "9876543210" not in logged
    await bench.check(case_no)


async def test_a_known_payee_is_asked_with_the_first_stroke_and_as_fast_as_by_a_complaint(counted: Bench) -> None:
    call = await Call(counted, "operator").begin(transfers=[to_hdfc()])
    notified: list[int] = []
    async with sent(counted.pool) as statements:
        done = await draft_sending.send(
            counted.ctx, call.draft_id, call.officer, call.actor, lambda _: notified.append(len(statements))
        )
        await asyncio.sleep(0)
    assert len(statements) <= OF_COMPLAINT + OF_DRAFT, statements
    assert len(notified) == 1
    assert await counted.hops(done.receipt.case_ack_no) == ["asked"]


@pytest.fixture
async def counted(database_dsn: str) -> AsyncIterator[Bench]:
    """A bench on one connection."""
    pool = await open_pool(database_dsn, min_size=1, max_size=1)
    ctx = await make_context(pool)
    await ctx.health.refresh()
    yield Bench(ctx)
    await pool.close()


async def test_a_draft_is_one_complaint_however_often_it_is_sent(bench: Bench, call: Call) -> None:
    await call.save(transfers=[to_hdfc()], victim=ASHA)
    both = await asyncio.gather(call.send(), call.send())
    third = await call.send()
    assert len({one.receipt for one in (*both, third)}) == 1
    assert (third.completed, third.transfers_added) == ((), 0)
    case_no = third.receipt.case_ack_no
    taken = "SELECT taken_by, idempotency_key FROM complaint WHERE case_no = $1"
    assert await bench.rows(taken, case_no) == [(call.actor, f"draft-{call.draft_id}")]
    assert len(await told(bench, case_no)) == 1
    await bench.check(case_no)


async def test_a_draft_whose_answer_was_lost_goes_on_with_its_complaint(bench: Bench, call: Call) -> None:
    """The process died between the complaint and the draft, and the operator typed on."""
    reference = rrn()
    early = DraftContent.model_validate({"transfers": [to_hdfc(reference)], "victim": {"name": "Asha Devi"}})
    key = draft_sending.key_of(call.draft_id)
    lost = await take_complaint(
        bench.ctx, complaint_of(early, read_draft(early).transfers), idempotency_key=key, taken_by=call.actor
    )
    await bench.note(lost.follow_up)
    done = await call.strike(
        transfers=[to_hdfc(reference), to_hdfc()], victim=ASHA | {"name": "Asha Rani", "woman": True, "language": "en"}
    )
    assert done.receipt == lost.receipt
    assert done.completed == ("district", "email", "language", "mobile", "woman"), "the name is stated already"
    assert await bench.victims(lost.receipt.case_ack_no) == [TOLD]
    assert len(await bench.hops(lost.receipt.case_ack_no)) == 2
    await bench.check(lost.receipt.case_ack_no)


async def test_further_transfers_are_asked_about_and_stated_once(bench: Bench, call: Call) -> None:
    one, two, three = to_hdfc(), to_hdfc(amount_paise=700_00), four_facts(payee={"institution": "ICIC"})
    first = await call.strike(transfers=[one, {"rrn": "7"}])
    assert {name.partition(".")[0] for name in first.missing} == {"transfers[1]"}
    case_no = first.receipt.case_ack_no
    await bench.ask(case_no)
    second = await call.strike(transfers=[one, two, three, two])
    assert second.transfers_added == 3
    assert [flag.code for flag in second.flags if flag.code == "repeated_row"] == ["repeated_row"]
    assert await bench.hops(case_no, "institution, state") == [("HDFC", "asked"), ("HDFC", "asked"), ("ICIC", "asked")]
    assert await told(bench, case_no) == [
        (1, 1, 500_00, []),
        (2, 2, 700_00, []),
        (3, 3, 500_00, []),
        (4, 2, 700_00, []),
    ]
    assert await bench.buckets(case_no) == {"lost": -1_700_00, "in_play": 1_700_00}
    assert (await call.send()).transfers_added == 0
    await bench.check(case_no)


async def test_the_account_that_paid_is_filled_in_and_makes_no_complainant_a_rival(bench: Bench, call: Call) -> None:
    reference = rrn()
    first = await call.strike(transfers=[to_hdfc(reference)], victim=ASHA)
    case_no = first.receipt.case_ack_no
    payer = {"institution": "SBIN", "account": "30000000001"}
    await call.strike(transfers=[to_hdfc(reference, payer=payer)])
    assert await bench.hops(case_no, "payer_institution_as_told, payer_holder") == [("SBIN", "30000000001")]
    (told_of,) = await bench.said("payer_account_stated", case_no, medium="sms")
    assert "..0001, " in told_of.body, "the victim hears where the money would go"
    assert await told(bench, case_no, "differing") == [([],), ([],)]
    # A stated payer is not changed: two officers decide.
    await call.strike(transfers=[to_hdfc(reference, payer=payer | {"account": "30000000002"})])
    assert await bench.hops(case_no, "payer_holder") == ["30000000001"]
    assert (await told(bench, case_no, "differing"))[-1] == (["payer"],)
    await bench.check(case_no)


async def test_the_payer_of_another_complaints_transfer_is_not_filled_in(bench: Bench, call: Call) -> None:
    reference = rrn()
    other = await bench.take(
        complaint(transfer(500_00, reference=reference, payer={"institution": "SBIN", "account": "not stated"}))
    )
    payer = {"institution": "SBIN", "account": "30000000001"}
    stated = four_facts(reference, payee={"institution": "HDFC", "account": "50100000000001"})
    first = await call.strike(transfers=[stated])
    assert first.receipt.case_ack_no == other.receipt.case_ack_no
    await call.strike(transfers=[stated | {"payer": payer}])
    assert await bench.hops(first.receipt.case_ack_no, "payer_holder") == ["not stated"]
    assert (await told(bench, first.receipt.ack_no, "differing"))[-1][0].count("payer") == 1


async def test_a_stated_fact_is_changed_by_two_officers_and_not_by_a_draft(bench: Bench, call: Call) -> None:
    await call.strike(transfers=[to_hdfc()], victim=ASHA)
    done = await call.strike(transfers=[], victim=ASHA | {"name": "Another", "mobile": "9000000000", "senior": True})
    assert done.completed == ("senior",)
    case_no = done.receipt.case_ack_no
    assert await bench.victims(case_no) == [TOLD]
    # A mark that protects is set, and never taken away.
    assert (await call.strike(transfers=[], victim=ASHA | {"senior": False})).completed == ()
    assert (await marks(bench, case_no))[6] is True


async def test_a_correction_that_waits_keeps_the_contact(bench: Bench, call: Call) -> None:
    done = await call.strike(transfers=[to_hdfc()], victim={"name": "Asha Devi", "mobile": "9876543210"})
    new = NewVictimCorrection(mobile="9123456789", reason="she came with her passport")
    await victims.propose(bench.ctx, done.receipt.ack_no, new, "officer:ravi")
    with pytest.raises(VictimCorrectionProposed):
        await call.strike(transfers=[], victim={"email": "asha@example.org"})


async def test_a_contact_that_is_filled_in_is_told_to_the_one_that_was_known(bench: Bench, call: Call) -> None:
    first = await call.strike(transfers=[to_hdfc()], victim={"mobile": "9876543210"})
    case_no = first.receipt.case_ack_no
    await call.strike(transfers=[], victim={"name": "Asha Devi"})
    assert await bench.said("victim_corrected", case_no) == [], "a name moves no message"
    await call.strike(transfers=[], victim=ASHA)
    assert [one.address for one in await bench.said("victim_corrected", case_no)] == ["9876543210"]
    assert await bench.victims(case_no) == [TOLD]


async def test_one_officer_fills_in_a_contact_only_for_a_time(bench: Bench, call: Call) -> None:
    done = await call.strike(transfers=[to_hdfc()], victim={"mobile": "9876543210"})
    rules = bench.ctx.policy.drafts.model_copy(update={"contact_seconds": 0.0})
    bench.ctx = replace(bench.ctx, policy=bench.ctx.policy.model_copy(update={"drafts": rules}))
    with pytest.raises(ContactTooLate) as late:
        await call.strike(transfers=[], victim={"email": "officer@example.org"}, category="upi_fraud")
    assert late.value.fields == ("email",)
    assert (await call.strike(transfers=[to_hdfc()], category="upi_fraud")).completed == ("category",)
    ack_no = done.receipt.ack_no
    new = NewVictimCorrection(email="asha@example.org", reason="she called again")
    proposed = await victims.propose(bench.ctx, ack_no, new, "officer:ravi")
    await victims.agree(bench.ctx, ack_no, proposed.correction_id, "officer:sita")
    assert (await bench.victims(ack_no))[0].email == "asha@example.org"


async def test_the_database_lets_no_draft_fill_in_a_contact_after_a_day(bench: Bench, call: Call) -> None:
    done = await call.strike(transfers=[to_hdfc()])
    fill_in = (
        "UPDATE victim v SET sealed = sealed || '\\x00'::bytea FROM complaint c"
        " WHERE c.victim_id = v.victim_id AND c.ack_no = $1"
    )
    async with bench.pool.acquire() as connection:
        for hours, refused in ((23, False), (25, True)):
            moment = (done.receipt.received_at + timedelta(hours=hours)).isoformat()
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SELECT set_config('goldenhour.present_moment', $1, true)", moment)
            with pytest.raises(asyncpg.RestrictViolationError, match="two officers") if refused else nullcontext():
                await connection.execute(fill_in, done.receipt.ack_no)
            await transaction.rollback()


async def test_a_child_or_a_protected_matter_marks_the_case_later_too(bench: Bench, call: Call) -> None:
    done = await call.strike(transfers=[to_hdfc()])
    assert (await marks(bench, done.receipt.ack_no))[:2] == ("not stated", False)
    await call.strike(transfers=[], category="sextortion")
    assert (await marks(bench, done.receipt.ack_no))[:2] == ("sextortion", True)
    other = await Call(bench, call.officer).begin(transfers=[to_hdfc()], category="upi_fraud")
    ack_no = (await other.send()).receipt.ack_no
    await other.strike(transfers=[], victim={"child": True})
    assert (await marks(bench, ack_no))[:2] == ("upi_fraud", True)


async def test_what_happened_is_kept_sealed_and_later_statements_beside_it(bench: Bench, call: Call) -> None:
    done = await call.strike(transfers=[to_hdfc()], victim=ASHA, story="he said he was from the bank", consent=True)
    ack_no = done.receipt.ack_no
    assert done.completed == ("story", "consent")
    assert (await call.send()).completed == ()
    again = await call.strike(transfers=[], story="and he knew my address")
    assert again.completed == ("story",)
    found = (await stories(bench.ctx, ack_no)).stories
    assert [(one.story_no, one.text, one.consent, one.told_by) for one in found] == [
        (2, "and he knew my address", True, call.actor),
        (1, "he said he was from the bank", True, call.actor),
    ]
    stored = str(await bench.rows("SELECT to_jsonb(s) FROM complaint_story s WHERE ack_no = $1", ack_no))
    assert b"from the bank".hex() not in stored
    with pytest.raises(asyncpg.RestrictViolationError):
        await bench.pool.execute("UPDATE complaint_story SET consent = 'false' WHERE ack_no = $1", ack_no)


UNSURE = {"way": None, "is_quiet": "dont_know", "wants_woman_officer": "dont_know"}
MARKS = {"woman": "dont_know", "child": "dont_know", "senior": True}


async def test_the_way_is_what_the_person_chose_and_an_answer_sets_no_other(bench: Bench, call: Call) -> None:
    ravi, transfers = {"name": "Ravi Kumar"}, [to_hdfc()]
    ack_no = (await call.strike(victim=ASHA, teller=ravi, transfers=transfers)).receipt.ack_no

    async def reached() -> tuple[object, ...]:
        async with bench.pool.acquire() as connection:
            reach = await draft_saving.told_reach(bench.ctx, connection, ack_no)
        assert reach is not None
        return reach.way, reach.is_quiet, reach.wants_woman_officer, reach.teller and reach.teller.name

    async def kinds() -> list[tuple[str, str]]:
        async with bench.pool.acquire() as connection, connection.transaction():
            facts = {"amount_paise": 100_00, "occasion": rrn()}
            await tell_victim(connection, bench.ctx, ack_no, MessageKind.MONEY_HELD, facts, bench.ctx.now())
        found = sorted((one.kind, one.medium) for one in await said(bench.ctx, case_no=ack_no, to_whom="victim"))
        await bench.pool.execute("DELETE FROM message WHERE case_no = $1", ack_no)
        return found

    assert await reached() == (None, None, None, "Ravi Kumar"), "the caller's name is no way"
    assert await kinds() == [("money_held", "email"), ("money_held", "sms")]
    await call.strike(victim=ASHA, teller=ravi, transfers=transfers, reach={"way": "sms"})
    assert await reached() == (ReachWay.SMS, None, None, "Ravi Kumar"), "a way answers no other question"
    assert await kinds() == [("money_held", "sms")]
    await call.strike(victim=ASHA, transfers=transfers, reach=UNSURE)
    assert await reached() == (ReachWay.SMS, "dont_know", "dont_know", "Ravi Kumar")
    assert await kinds() == [("news", "sms")], "who does not know is told nothing that others may read"


async def test_dont_know_is_kept_also_when_the_call_is_passed_on(bench: Bench, call: Call) -> None:
    content = {"victim": ASHA | MARKS, "reach": UNSURE, "consent": "dont_know", "transfers": [to_hdfc()]}
    ack_no = (await call.strike(**content)).receipt.ack_no
    other = f"operator.{next(_numbers)}"
    await team_of(bench, call.officer, other)
    await draft_saving.pass_on(bench.ctx, call.draft_id, PassDraftOn(to=other), call.officer, RECEIVERS)
    read = (await draft_saving.read(bench.ctx, call.draft_id, other)).content
    assert {name: getattr(read.victim, name) for name in MARKS} == MARKS
    assert read.reach == Reach.model_validate(UNSURE)
    assert read.consent == "dont_know"
    assert (await marks(bench, ack_no))[4:7] == (False, False, True)
    (story,) = (await stories(bench.ctx, ack_no)).stories
    assert story.consent == "dont_know"


async def test_the_next_officer_goes_on_and_the_complaint_stays_the_first_ones(bench: Bench, call: Call) -> None:
    mate = f"operator.{next(_numbers)}"
    await team_of(bench, call.officer, mate)
    first = await call.strike(transfers=[to_hdfc()])
    await draft_saving.pass_on(bench.ctx, call.draft_id, PassDraftOn(to=mate), call.officer, RECEIVERS)
    with pytest.raises(DraftHasOwner):
        await call.send()
    call.officer = mate
    second = await call.strike(transfers=[], victim=ASHA)
    assert second.receipt == first.receipt
    actors = "SELECT actor FROM case_event WHERE case_no = $1 AND kind = 'complaint_completed'"
    assert await bench.rows(actors, first.receipt.case_ack_no) == [(f"officer:{mate}",)]
    ended = await draft_saving.end(bench.ctx, call.draft_id, mate, call.actor)
    assert ended.ended_as is DraftEnd.DONE
    assert await bench.victims(first.receipt.case_ack_no) == [TOLD], "the victim's own key stays"


async def test_a_draft_without_a_bank_to_ask_is_not_sent(bench: Bench, call: Call) -> None:
    await call.save(transfers=[{"rrn": rrn()}], victim=ASHA)
    with pytest.raises(DraftIncomplete) as lacks:
        await call.send()
    assert set(lacks.value.fields) == {
        f"transfers[0].{x}" for x in ("payer.institution", "amount_paise", "transferred_at")
    }


async def test_a_complaint_states_only_so_many_transfers(bench: Bench, call: Call) -> None:
    rules = bench.ctx.policy.drafts.model_copy(update={"statements_max": 2})
    bench.ctx = replace(bench.ctx, policy=bench.ctx.policy.model_copy(update={"drafts": rules}))
    await call.strike(transfers=[to_hdfc(), to_hdfc()])
    with pytest.raises(ComplaintFull):
        await call.strike(transfers=[to_hdfc()])


async def test_a_further_transfer_stands_beside_a_trail_that_has_moved_on(bench: Bench, call: Call) -> None:
    one = to_hdfc()
    case_no = (await call.strike(transfers=[one])).receipt.case_ack_no
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, moved(one["rrn"], "500.00", "ICIC", "1234567890"))
    await call.strike(transfers=[one, to_hdfc()])
    assert await bench.buckets(case_no) == {"lost": -1_000_00, "in_play": 1_000_00}
    assert sorted(await bench.hops(case_no, "layer")) == [1, 1, 2]
    await bench.check(case_no)


async def test_the_database_lets_no_draft_change_another_victim(bench: Bench, call: Call) -> None:
    stranger = (await bench.take(complaint(transfer()), taken_by=call.actor)).receipt.ack_no
    with pytest.raises(asyncpg.RestrictViolationError, match="was not taken from draft"):
        await bench.pool.execute(
            "UPDATE draft SET sent_by = $3, ack_no = $2, sent_at = now(), awaited = '{name}' WHERE draft_id = $1",
            call.draft_id,
            stranger,
            call.actor,
        )
    done = await call.strike(transfers=[to_hdfc()], victim=ASHA)
    of_victim = "FROM complaint c WHERE c.victim_id = v.victim_id AND c.ack_no = $1"
    attacks = {
        "UPDATE draft SET awaited = '{name,mobile}' WHERE ack_no = $1": "keeps its beginning",
        "UPDATE draft SET ack_no = NULL, sent_at = NULL, awaited = '{}' WHERE ack_no = $1": "keeps its beginning",
        f"UPDATE victim v SET sealed = sealed || '\\x00' {of_victim}": "two officers",
    }
    for attack, message in attacks.items():
        with pytest.raises(asyncpg.RestrictViolationError, match=message):
            await bench.pool.execute(attack, done.receipt.ack_no)
    await call.strike(transfers=[], category="sextortion")
    for attack in ("category = 'other'", "category = 'x', marked = false"):
        with pytest.raises(asyncpg.RestrictViolationError, match="is stated"):
            await bench.pool.execute(f"UPDATE complaint SET {attack} WHERE ack_no = $1", done.receipt.ack_no)
