"""Drafts: saved by revision, sealed, of one officer, passed on within a team, ended and forgotten with their keys."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.database_figures import read_all
from activities.metrics import METRICS
from activities.officers.enrolment import add_team, disable_officer, write_absences
from activities.people import draft_saving
from activities.people.public_complaints import take_missed_call
from domain.errors.case import OwnerAbsent
from domain.errors.people import (
    DraftHasOwner,
    DraftIsEnded,
    DraftNotFound,
    DraftReceiverUnfit,
    DraftStale,
    DraftWaits,
    TooManyDrafts,
    TooManyMissedCalls,
    TooManySentDrafts,
)
from domain.errors.restoration import TimeInFuture
from schemas.base import WithReason
from schemas.case.intake import DraftEnd
from schemas.enums import Role
from schemas.officers.officers import Absence, TeamEntry
from schemas.people.drafts import DraftContent, MissedCall, MissedCallTaken, PassDraftOn, SaveDraft
from tests.activities.bench import Bench
from tests.activities.people.draft_bench import ASHA, Call, four_facts, to_hdfc
from tests.officers import enrol

_numbers = count(1)
RECEIVERS = (Role.INTAKE,)
AWAY = WithReason(reason="the officer is away")


def officer() -> str:
    return f"call.{next(_numbers)}"


def phone() -> str:
    return f"98{next(_numbers):08}"


async def team_of(bench: Bench, *members: str, roles: tuple[Role, ...] = RECEIVERS, lead: str | None = None) -> None:
    await enrol(bench.pool, members, roles)
    name = f"team {next(_numbers)}"
    await add_team(bench.pool, TeamEntry(name=name, members=members, lead=lead), "command:test")


async def leave(bench: Bench, who: str) -> None:
    today = datetime.now(UTC).date()
    days = Absence(first_day=today - timedelta(days=1), last_day=today + timedelta(days=1))
    await write_absences(bench.pool, who, [days], "command:test")


async def missed(bench: Bench, number: str, at: datetime) -> MissedCallTaken:
    return await take_missed_call(bench.ctx, MissedCall(phone=number, called_at=at), "script:ivr")


async def key_of(bench: Bench, draft_id: UUID) -> tuple[object, ...]:
    (row,) = await bench.rows(
        "SELECT k.wrapped IS NULL, k.destroyed_for, d.sealed, d.caller, d.ended_as, d.ended_by FROM draft d"
        " JOIN person_key k USING (person_id) WHERE draft_id = $1",
        draft_id,
    )
    return row


async def test_a_draft_is_saved_by_revision_and_a_repeated_save_is_one(bench: Bench) -> None:
    call = await Call(bench, officer()).begin()
    assert await call.save(victim={"name": "A"}) == 2
    call.revision = 1
    assert await call.save(victim={"name": "A"}) == 2, "the answer was lost"
    call.revision = 1
    with pytest.raises(DraftStale) as stale:
        await call.save(victim={"name": "B"})
    assert stale.value.revision == 2
    assert DraftContent.model_validate(stale.value.params["stored"]).victim.name == "A"
    call.revision = stale.value.revision
    assert await call.save(victim=ASHA, transfers=[four_facts()]) == 3
    read = await draft_saving.read(bench.ctx, call.draft_id, call.officer)
    assert (read.name, read.mobile_end, read.content.victim.email) == ("Asha Devi", "3210", "asha@example.org")
    assert read.forgotten_at - read.saved_at == timedelta(days=1)


async def test_an_officer_has_several_drafts_and_sees_no_other_ones(bench: Bench) -> None:
    mine, other = officer(), officer()
    calls = [await Call(bench, mine).begin(victim={"name": name}) for name in ("Asha", "Ravi")]
    theirs = await Call(bench, other).begin()
    listed = await draft_saving.listed(bench.ctx, mine)
    assert [(line.draft_id, line.name) for line in listed.items] == [
        (calls[0].draft_id, "Asha"),
        (calls[1].draft_id, "Ravi"),
    ]
    for verb in (
        draft_saving.read(bench.ctx, theirs.draft_id, mine),
        draft_saving.save(bench.ctx, theirs.draft_id, SaveDraft(revision=1, content=DraftContent()), mine),
        draft_saving.end(bench.ctx, theirs.draft_id, mine, f"officer:{mine}"),
        draft_saving.claim(bench.ctx, theirs.draft_id, mine),
    ):
        with pytest.raises(DraftHasOwner):
            await verb
    with pytest.raises(DraftNotFound):
        await draft_saving.read(bench.ctx, uuid4(), mine)


async def test_an_officer_has_at_most_so_many_drafts(bench: Bench) -> None:
    rules = bench.ctx.policy.drafts.model_copy(update={"open_max": 2})
    bench.ctx = replace(bench.ctx, policy=bench.ctx.policy.model_copy(update={"drafts": rules}))
    mine, mate = officer(), officer()
    await team_of(bench, mine, mate)
    calls = [await Call(bench, mine).begin() for _ in range(2)]
    with pytest.raises(TooManyDrafts):
        await Call(bench, mine).begin()
    of_mate = await Call(bench, mate).begin()
    with pytest.raises(TooManyDrafts) as full:
        await draft_saving.pass_on(bench.ctx, of_mate.draft_id, PassDraftOn(to=mine), mate, RECEIVERS)
    assert full.value.officer == mine, "the limit is that of the receiver"
    await draft_saving.end(bench.ctx, calls[0].draft_id, mine, calls[0].actor)
    await Call(bench, mine).begin()


async def test_drafts_that_are_sent_count_by_a_limit_of_their_own(bench: Bench) -> None:
    rules = bench.ctx.policy.drafts.model_copy(update={"open_max": 1, "sent_max": 2})
    bench.ctx = replace(bench.ctx, policy=bench.ctx.policy.model_copy(update={"drafts": rules}))
    mine = officer()
    calls = []
    for _ in range(2):
        calls.append(await Call(bench, mine).begin(transfers=[to_hdfc()]))
        await calls[-1].send()
    with pytest.raises(TooManySentDrafts) as full:
        await Call(bench, mine).begin()
    assert (full.value.officer, full.value.most) == (mine, 2)
    assert len((await draft_saving.listed(bench.ctx, mine)).items) == 2
    await draft_saving.end(bench.ctx, calls[0].draft_id, mine, calls[0].actor)
    await Call(bench, mine).begin()


async def test_nothing_that_is_typed_stands_in_clear(bench: Bench) -> None:
    mine, other = officer(), officer()
    await team_of(bench, mine, other)
    call = await Call(bench, mine).begin(victim=ASHA, story="he said he was from the bank", caller_mobile="9876500001")
    told = PassDraftOn(to=other, note="Asha Devi calls again at six")
    await draft_saving.pass_on(bench.ctx, call.draft_id, told, mine, RECEIVERS)
    for table in ("draft", "draft_handover", "person_key"):
        stored = str(await bench.rows(f"SELECT to_jsonb(t) FROM {table} t"))
        for secret in ("Asha", "9876543210", "9876500001", "from the bank", "at six"):
            assert secret not in stored
            assert secret.encode().hex() not in stored


async def test_a_call_goes_on_at_another_officer_of_the_team_alone(bench: Bench) -> None:
    mine, mate, reader, stranger = officer(), officer(), officer(), officer()
    await team_of(bench, mine, mate)
    await team_of(bench, mine, reader, roles=(Role.AUDITOR,))
    await team_of(bench, stranger)
    call = await Call(bench, mine).begin(victim=ASHA)
    for unfit in (reader, stranger, mine, "nobody"):
        with pytest.raises(DraftReceiverUnfit):
            await draft_saving.pass_on(bench.ctx, call.draft_id, PassDraftOn(to=unfit), mine, RECEIVERS)
    told = PassDraftOn(to=mate.upper(), note="speaks Bhojpuri")
    given = await draft_saving.pass_on(bench.ctx, call.draft_id, told, mine, RECEIVERS)
    assert (given.owner, given.revision) == (mate, 1)
    read = await draft_saving.read(bench.ctx, call.draft_id, mate)
    assert (read.note, read.content.victim.name) == ("speaks Bhojpuri", "Asha Devi")
    with pytest.raises(DraftHasOwner):
        await call.save(victim={"name": "typed too late"})
    moved = "SELECT from_officer, to_officer FROM draft_handover WHERE draft_id = $1"
    assert await bench.rows(moved, call.draft_id) == [(mine, mate)]


async def test_a_call_does_not_go_to_an_absent_officer(bench: Bench) -> None:
    mine, away = officer(), officer()
    await team_of(bench, mine, away)
    await leave(bench, away)
    call = await Call(bench, mine).begin(victim=ASHA)
    with pytest.raises(OwnerAbsent):
        await draft_saving.pass_on(bench.ctx, call.draft_id, PassDraftOn(to=away), mine, RECEIVERS)


@pytest.mark.parametrize("is_absent", [True, False], ids=["absent", "disabled"])
async def test_the_lead_or_a_supervisor_takes_the_draft_of_an_officer_who_is_away(
    bench: Bench, is_absent: bool
) -> None:
    mine, mate, lead, supervisor = officer(), officer(), officer(), officer()
    await enrol(bench.pool, [lead, supervisor], RECEIVERS)
    await team_of(bench, mine, mate, lead=lead)
    calls = [await Call(bench, mine).begin(victim=ASHA) for _ in range(2)]
    takers = ((lead, RECEIVERS), (supervisor, (Role.SUPERVISOR,)))
    for who, roles in takers:
        with pytest.raises(DraftHasOwner):
            await draft_saving.take_over(bench.ctx, calls[0].draft_id, AWAY, who, roles)
    await (leave(bench, mine) if is_absent else disable_officer(bench.pool, mine, "command:test"))
    for who in (mate, supervisor):
        with pytest.raises(DraftHasOwner):
            await draft_saving.take_over(bench.ctx, calls[0].draft_id, AWAY, who, RECEIVERS)
        seen = (await draft_saving.waiting(bench.ctx, who, RECEIVERS)).items
        assert not {one.draft_id for one in seen} & {call.draft_id for call in calls}
    for call, (who, roles) in zip(calls, takers, strict=True):
        assert call.draft_id in {one.draft_id for one in (await draft_saving.waiting(bench.ctx, who, roles)).items}
        assert (await draft_saving.take_over(bench.ctx, call.draft_id, AWAY, who, roles)).owner == who
        assert (await draft_saving.read(bench.ctx, call.draft_id, who)).name == "Asha Devi"
    moved = "SELECT from_officer, to_officer FROM draft_handover WHERE draft_id = $1"
    assert await bench.rows(moved, calls[0].draft_id) == [(mine, lead)]


async def test_a_discarded_draft_is_destroyed_at_once_and_an_old_one_by_the_clock(bench: Bench) -> None:
    call, old = await Call(bench, officer()).begin(victim=ASHA), await Call(bench, officer()).begin(victim=ASHA)
    for _ in range(2):
        ended = await draft_saving.end(bench.ctx, call.draft_id, call.officer, call.actor)
        assert ended.ended_as is DraftEnd.DISCARDED
    assert await key_of(bench, call.draft_id) == (True, "draft", None, None, "discarded", call.actor)
    with pytest.raises(DraftIsEnded):
        await call.save()
    await bench.pool.execute(
        "UPDATE draft SET saved_at = saved_at - interval '1 day' WHERE draft_id = $1", old.draft_id
    )
    await draft_saving.forget_old(bench.ctx)
    assert await key_of(bench, old.draft_id) == (True, "draft", None, None, "forgotten", "engine")
    assert (await draft_saving.listed(bench.ctx, old.officer)).items == ()


async def test_a_fresh_draft_is_not_forgotten(bench: Bench) -> None:
    call = await Call(bench, officer()).begin(victim=ASHA)
    await draft_saving.forget_old(bench.ctx)
    assert (await draft_saving.read(bench.ctx, call.draft_id, call.officer)).name == "Asha Devi"


async def test_a_number_that_calls_in_vain_has_one_draft_until_an_officer_ends_it(bench: Bench) -> None:
    number, at = phone(), datetime.now(UTC)
    first = await take_missed_call(bench.ctx, MissedCall(phone=number, called_at=at), "script:ivr")
    assert (first.calls, first.is_new) == (1, True)
    again = await take_missed_call(bench.ctx, MissedCall(phone=number, called_at=at), "script:ivr")
    assert (again.calls, again.is_new) == (1, False), "the call was reported twice"
    later = MissedCall(phone=f"+91 {number}", called_at=at + timedelta(minutes=2))
    again = await take_missed_call(bench.ctx, later, "script:ivr")
    assert (again.draft_id, again.calls) == (first.draft_id, 2)
    waiting = await draft_saving.waiting(bench.ctx, officer(), RECEIVERS)
    (line,) = [line for line in waiting.items if line.draft_id == first.draft_id]
    assert (line.owner, line.mobile_end, line.calls) == (None, number[-4:], 2)
    mine, other = officer(), officer()
    with pytest.raises(DraftWaits):
        await draft_saving.read(bench.ctx, first.draft_id, mine)
    await draft_saving.claim(bench.ctx, first.draft_id, mine)
    with pytest.raises(DraftHasOwner):
        await draft_saving.claim(bench.ctx, first.draft_id, other)
    read = await draft_saving.read(bench.ctx, first.draft_id, mine)
    assert (read.content.caller_mobile, read.content.victim.mobile) == (number, number)
    await draft_saving.end(bench.ctx, first.draft_id, mine, f"officer:{mine}")
    last = await take_missed_call(bench.ctx, MissedCall(phone=number, called_at=at), "script:ivr")
    assert last.is_new


async def test_a_number_that_called_again_is_not_forgotten_by_its_first_call(bench: Bench) -> None:
    number, at = phone(), datetime.now(UTC)
    first = await missed(bench, number, at - timedelta(days=1))
    await bench.pool.execute(
        "UPDATE draft SET saved_at = saved_at - interval '1 day' WHERE draft_id = $1", first.draft_id
    )
    assert (await missed(bench, number, at)).calls == 2
    await draft_saving.forget_old(bench.ctx)
    assert (await key_of(bench, first.draft_id))[4] is None


async def test_a_number_that_calls_after_its_draft_was_taken_has_another_draft_that_waits(bench: Bench) -> None:
    number, at, mine = phone(), datetime.now(UTC), officer()
    first = await missed(bench, number, at - timedelta(minutes=9))
    await draft_saving.claim(bench.ctx, first.draft_id, mine)
    again = await missed(bench, number, at)
    assert (again.is_new, again.draft_id != first.draft_id) == (True, True)
    assert again.draft_id in {one.draft_id for one in (await draft_saving.waiting(bench.ctx, mine, RECEIVERS)).items}
    with pytest.raises(asyncpg.CheckViolationError, match="draft_of_caller_waits"):
        await bench.pool.execute("UPDATE draft SET owner = 'x' WHERE draft_id = $1", again.draft_id)


async def test_missed_calls_that_wait_are_a_figure(bench: Bench) -> None:
    async def figure() -> float | None:
        async with bench.pool.acquire() as connection:
            await read_all(connection)
        return METRICS.registry.get_sample_value("goldenhour_missed_calls_waiting")

    first = await missed(bench, phone(), datetime.now(UTC))
    before = await figure()
    assert before is not None
    await draft_saving.claim(bench.ctx, first.draft_id, officer())
    assert await figure() == before - 1


async def test_a_missed_call_in_the_future_is_refused_and_does_not_stop_the_counting(bench: Bench) -> None:
    number, at = phone(), datetime.now(UTC)
    await missed(bench, number, at - timedelta(minutes=1))
    with pytest.raises(TimeInFuture):
        await missed(bench, number, at + timedelta(days=1))
    assert (await missed(bench, number, at)).calls == 2


async def test_only_so_many_missed_calls_wait(bench: Bench) -> None:
    rules = bench.ctx.policy.drafts.model_copy(update={"waiting_max": 1})
    ctx = replace(bench.ctx, policy=bench.ctx.policy.model_copy(update={"drafts": rules}))
    number = phone()
    await take_missed_call(bench.ctx, MissedCall(phone=number, called_at=datetime.now(UTC)), "script:ivr")
    with pytest.raises(TooManyMissedCalls):
        await take_missed_call(ctx, MissedCall(phone=phone(), called_at=datetime.now(UTC)), "script:ivr")
    counted = await take_missed_call(ctx, MissedCall(phone=number, called_at=datetime.now(UTC)), "script:ivr")
    assert not counted.is_new


async def test_the_database_keeps_the_rules_of_a_draft(bench: Bench, subtests: pytest.Subtests) -> None:
    call = await Call(bench, officer()).begin()
    refusals = asyncpg.RestrictViolationError, asyncpg.CheckViolationError
    for attack in (
        "UPDATE draft SET made_by = 'officer:x' WHERE draft_id = $1",
        "UPDATE draft SET revision = 0 WHERE draft_id = $1",
        "DELETE FROM draft WHERE draft_id = $1",
        "UPDATE draft SET awaited = '{name}' WHERE draft_id = $1",
        "UPDATE draft SET sealed = NULL WHERE draft_id = $1",
        "UPDATE draft SET ended_at = now(), ended_as = 'done', ended_by = 'x', sealed = NULL WHERE draft_id = $1",
    ):
        with subtests.test(attack=attack), pytest.raises(refusals):
            await bench.pool.execute(attack, call.draft_id)
