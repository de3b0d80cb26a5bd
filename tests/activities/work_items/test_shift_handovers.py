"""The end of a shift writes itself: what was done and left, where the items go, and who takes half-done calls over."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import ValidationError

from activities.officers import enrolment
from activities.people import draft_saving, public_complaints
from activities.work_items import shift_handovers
from activities.work_items.shift_handovers import ShiftRounds, handover_table
from activities.work_items.task_owners import close_task
from db.pool import Pool
from db.work_items import shift_handovers as rows
from domain.errors.officers import NotOfThisShift, OwnShiftNotFound, ShiftNotFound
from domain.errors.people import DraftHasOwner
from domain.policy.work_items import AtShiftEnd
from schemas.base import WithReason
from schemas.enums import Role
from schemas.officers.officers import TeamEntry, TeamShift
from schemas.people.drafts import DraftContent, NewDraft
from schemas.privacy.personal_data import Within
from schemas.text import IST
from schemas.work_items.shift_handovers import EarlyNote, HandoverNote, HandoverState, OfficerHandover, ShiftHandover
from tests.activities.task_desk import TaskDesk
from tests.factories import make_context

AWAY = WithReason(reason="the shift is over")


@dataclass
class Shift:
    """Officers `a` and `b` on a shift that ends in half an hour, and `c` and the chief on one that goes on."""

    desk: TaskDesk

    async def come(self) -> None:
        await self.desk.come()
        self.desk.at_noon()
        day = self.desk.clock.at.astimezone(IST).isoweekday()
        around = tuple(TeamShift(day_no=one, starts_minute=0, ends_minute=1_440) for one in range(1, 8))
        await self.team("early", (TeamShift(day_no=day, starts_minute=360, ends_minute=750),), "a", "b")
        await self.team("watch", around, "c", "chief")
        await self.desk.ctx.pool.execute("UPDATE team SET created_at = created_at - interval '3 days'")

    async def team(self, name: str, shifts: tuple[TeamShift, ...], *members: str) -> None:
        entry = TeamEntry(name=name, members=members, shifts=shifts)
        await enrolment.add_team(self.desk.ctx.pool, entry, "command:test")

    async def round(self) -> None:
        await self.desk.rounds.value()
        await ShiftRounds(self.desk.ctx).run_once()

    async def record(self, within: Within | None = None) -> ShiftHandover:
        async with self.desk.ctx.pool.acquire() as connection:
            found = await rows.page(connection, "early", None, 10)
        (line,) = found.items
        return await shift_handovers.read(self.desk.ctx, line.shift_id, within)


@pytest.fixture
async def shift(database: Pool) -> Shift:
    shift = Shift(TaskDesk(await make_context(database)))
    await shift.come()
    return shift


def states(one: OfficerHandover) -> dict[int, HandoverState]:
    return {item.task_id: item.state for item in one.items}


async def test_a_shift_leaves_a_record_and_no_item_without_an_owner(shift: Shift) -> None:
    desk = shift.desk
    (_, kept), (_, left), (_, closed), (_, passed), (_, asleep) = [await desk.item(500 + n) for n in range(5)]
    for task_id in (kept, left, closed, passed, asleep):
        await desk.claim("a", task_id)
    await close_task(desk.ctx, closed, "spoke to them", "officer:a")
    await desk.pass_on("a", passed, 1, "b")
    await desk.snooze("a", asleep, 1, 600)
    call = await draft_saving.begin(desk.ctx, NewDraft(content=DraftContent(story="half told")), "a", "officer:a")
    form = await public_complaints.begin(desk.ctx, DraftContent(story="a form half filled"))
    desk.later(minutes=29)
    await desk.claim("a", left, 1)
    await desk.claim("a", kept, 1)
    await desk.claim("b", passed, 2)
    await shift.round()
    async with desk.ctx.pool.acquire() as connection:
        assert (await rows.page(connection, None, None, 10)).items == (), "the shift goes on"

    desk.later(minutes=2)
    await desk.claim("a", kept, 1)
    desk.later(minutes=10)
    await shift.round()
    found = await shift.record()
    of_a, of_b = found.officers
    assert (of_a.officer_id, of_b.officer_id) == ("a", "b")
    assert states(of_a) == {
        kept: HandoverState.KEPT,
        left: HandoverState.GIVEN,
        closed: HandoverState.CLOSED,
        passed: HandoverState.PASSED_ON,
        asleep: HandoverState.SNOOZED,
    }
    assert states(of_b) == {passed: HandoverState.GIVEN}
    assert (of_a.acts["task_claimed"], of_a.acts["call"]) == (5, 1)
    assert {item.task_id: item.in_play_paise for item in of_a.items}[left] == 501_00
    assert [one.draft_id for one in of_a.drafts] == [call.draft_id]
    assert "half told" not in found.model_dump_json()
    assert (await desk.seen(left)).owner == "c", "the officer on shift with the fewest, and no supervisor"
    assert (await desk.seen(kept)).owner == "a"
    rows_of = handover_table(found).rows
    assert ("a", "draft", None, "call", None, None, None, None) in rows_of
    assert len(rows_of) == 7

    await shift.round()
    assert (await shift.record()).written_at == found.written_at, "once"
    elsewhere = await shift.record(Within(officer_id="x", districts=("AGRA",)))
    assert [one.items for one in elsewhere.officers] == [(), ()]

    with pytest.raises(DraftHasOwner):
        await draft_saving.take_over(
            desk.ctx,
            (await draft_saving.begin(desk.ctx, NewDraft(), "b", "officer:b")).draft_id,
            AWAY,
            "c",
            {Role.DESK},
        )
    # A call that is left waits for the next officer; a half-filled form waits for its complainant alone.
    waiting = {one.draft_id for one in (await draft_saving.waiting(desk.ctx, "c", {Role.DESK})).items}
    assert call.draft_id in waiting
    assert form.draft_id not in waiting
    with pytest.raises(DraftHasOwner):
        await draft_saving.take_over(desk.ctx, form.draft_id, AWAY, "chief", {Role.SUPERVISOR})
    with pytest.raises(ValidationError, match="acts in the logs without a person"):
        await shift.team("forms", (), "Complainant")
    assert (await draft_saving.take_over(desk.ctx, call.draft_id, AWAY, "c", {Role.DESK})).owner == "c"
    assert (await draft_saving.read(desk.ctx, call.draft_id, "c")).note == AWAY.reason


async def test_items_go_back_to_the_list_where_the_policy_says_so(shift: Shift) -> None:
    desk = shift.desk
    rules = desk.ctx.policy.shifts.model_copy(update={"items": AtShiftEnd.RETURN})
    object.__setattr__(desk.ctx, "policy", desk.ctx.policy.model_copy(update={"shifts": rules}))
    case_no, task_id = await desk.item()
    desk.later(minutes=20)
    await desk.claim("a", task_id)
    desk.later(minutes=21)
    await shift.round()
    assert states((await shift.record()).officers[0]) == {task_id: HandoverState.RETURNED}
    assert (await desk.seen(task_id)).owner is None
    because = {"owner": None, "former": "a", "because": "shift_ended"}
    assert (await desk.logged(case_no, task_id))[-1] == ("task_released", "engine", because)
    desk.later(minutes=30)
    assert await desk.rounds.alarm() == 1, "the supervisor is told of it as of any other"


async def test_an_officer_adds_a_note_that_is_sealed_and_goes_with_the_record(shift: Shift) -> None:
    desk = shift.desk
    (running,) = (await shift_handovers.own_shifts(desk.ctx, "a")).items
    assert (running.team, running.note) == ("early", "")
    assert (await shift_handovers.own_shifts(desk.ctx, "c")).items == (), "a shift around the clock has no end"
    for officer, note in (("a", "call Asha"), ("a", "Asha Devi calls"), ("b", "Asha Devi has gone")):
        early = EarlyNote(note=note, team="Early", ends_at=running.ends_at)
        await shift_handovers.write_early_note(desk.ctx, officer, early)
    none = EarlyNote(note="call Asha", team="Early", ends_at=running.ends_at)
    with pytest.raises(OwnShiftNotFound):
        await shift_handovers.write_early_note(desk.ctx, "c", none)
    # The hours end earlier now, and `b` has left the team. The record of the shift has the notes all the same.
    now = desk.clock.at
    hours = (TeamShift(day_no=now.astimezone(IST).isoweekday(), starts_minute=360, ends_minute=740),)
    await enrolment.change_team(
        desk.ctx.pool, "early", TeamEntry(name="early", members=("a",), shifts=hours), None, "command:test"
    )
    desk.later(minutes=21)
    (ended,) = (await shift_handovers.own_shifts(desk.ctx, "a")).items
    assert (ended.ends_at, ended.note) == (running.ends_at - timedelta(minutes=10), "Asha Devi calls")
    await shift_handovers.write_early_note(
        desk.ctx, "a", EarlyNote(note="Asha Devi calls at eight", team="early", ends_at=ended.ends_at)
    )
    desk.later(minutes=20)
    await shift.round()
    found = await shift.record()
    shift_id = found.shift_id
    assert [one.note for one in found.officers] == ["Asha Devi calls at eight", "Asha Devi has gone"]
    assert (await shift_handovers.own_shifts(desk.ctx, "a")).items == ()
    assert await desk.bench.value("SELECT count(*) FROM shift_note") == 0
    await shift_handovers.write_note(desk.ctx, shift_id, "a", HandoverNote(note="Asha Devi calls at nine"))
    found = await shift.record()
    assert [one.note for one in found.officers] == ["Asha Devi calls at nine", "Asha Devi has gone"]
    stored = str(await desk.bench.rows("SELECT to_jsonb(o) FROM shift_handover_officer o"))
    assert "Asha" not in stored
    assert b"Asha".hex() not in stored
    with pytest.raises(NotOfThisShift):
        await shift_handovers.write_note(desk.ctx, shift_id, "c", HandoverNote(note="not mine"))
    with pytest.raises(ShiftNotFound):
        await shift_handovers.read(desk.ctx, shift_id + 1_000, None)
    desk.later(days=401)
    await ShiftRounds(desk.ctx).purge()
    with pytest.raises(ShiftNotFound):
        await shift_handovers.read(desk.ctx, shift_id, None)
    gone = "SELECT count(*) FROM person_key WHERE destroyed_for IN ('shift', 'note_replaced') AND wrapped IS NULL"
    assert await desk.ctx.pool.fetchval(gone) == 5
