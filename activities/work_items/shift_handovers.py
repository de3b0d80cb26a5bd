"""Ends of shifts: what was done and left, as records and as tables.

Ends of shifts: what was done and left, and where work items go that officers still have. Officers work in real time, so
no wait here is divided by the clock factor. Doing a round twice is harmless: a record is written once, and an item is
moved only while the officer of the record has it at the version that was read.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from activities.case.transaction import ENGINE
from activities.context import Context
from activities.isolation import FailedRows
from activities.work_items.task_notices import taker_of
from activities.work_items.task_owners import open_item
from db.clock import present_moment
from db.pool import Connection
from db.privacy import retention
from db.task_owners import Move
from db.work_items import notice_settings, shift_handovers, task_filters
from db.work_items.notice_settings import NoticeReader
from db.work_items.shift_handovers import LeftItem, ShiftNote, StoredRecord, TeamEnd
from documents.spreadsheet import Table, Value
from domain.errors.case import TaskChanged, TaskClosed
from domain.errors.officers import OwnShiftNotFound
from domain.officers.officers import on_shift
from domain.policy.work_items import AtShiftEnd
from domain.work_items.shifts import ShiftSpan, ended_shifts, is_note_of, running_shifts
from domain.work_items.task_owners import OWNERS
from schemas.enums import Role
from schemas.privacy.personal_data import Within
from schemas.tasks import LeaseEnd, TaskActKind
from schemas.work_items.shift_handovers import (
    EarlyNote,
    HandoverNote,
    HandoverState,
    OfficerHandover,
    OwnShift,
    OwnShifts,
    ShiftHandover,
)

ITEMS_LIMIT: Final = 200
PURGE_LIMIT: Final = 100
RULE: Final = "shift"
"""why the key of a note is destroyed, as the table of keys has it"""
NEW_NOTE: Final = "note_replaced"
_LAST: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""roles whose officers get an item only if no other officer on shift can act on it"""

T = TypeVar("T")


@dataclass(frozen=True)
class ShiftRounds:
    """Writes the records of shifts that ended, and moves the items that officers still have."""

    ctx: Context
    _failed: FailedRows[int] = field(default_factory=lambda: FailedRows("items at the end of shifts"))

    @property
    def works(self) -> tuple[Callable[[], Awaitable[object]], ...]:
        """Return the works of a round, in order. Each can be done without the others."""
        return self.write, self.move, self.purge

    async def run_once(self) -> None:
        """Run one round of everything."""
        for work in self.works:
            await work()

    async def write(self) -> int:
        """Write the records of shifts that ended and have none; return how many."""
        now, rules = self.ctx.now(), self.ctx.policy.shifts
        until, look_back = now - timedelta(seconds=rules.grace_seconds), timedelta(seconds=rules.look_back_seconds)
        written = 0
        async with self.ctx.pool.acquire() as connection:
            for team in await shift_handovers.team_ends(connection, until - look_back):
                for span in ended_shifts(team.shifts, until, look_back):
                    if span.ends_at in team.written or span.ends_at < team.since:
                        continue
                    off_duty = await self._off_duty(connection, team, now)
                    async with connection.transaction():
                        written += await self._write(connection, team, span, off_duty, now)
        return written

    async def _write(
        self, connection: Connection, team: TeamEnd, span: ShiftSpan, off_duty: Sequence[str], now: datetime
    ) -> bool:
        """Write the record of one shift with the notes that wait for it; return whether it was not written yet."""
        await shift_handovers.lock_team(connection, team.team_id)
        notes = [
            note
            for note in await shift_handovers.of_team(connection, team.team_id)
            if is_note_of(span, note.ends_at, note.noted_at)
        ]
        newest = {note.officer_id: note for note in notes}
        # An officer who has left the team since has worked in the shift.
        officers = tuple(sorted({*team.officers, *newest}))
        of_shift = team.model_copy(update={"officers": officers})
        shift_id = await shift_handovers.write(connection, of_shift, span, off_duty, now)
        if shift_id is None:
            return False
        await shift_handovers.remove(connection, notes)
        await shift_handovers.join(connection, shift_id, list(newest.values()))
        for note in notes:
            if newest[note.officer_id] is not note:
                await retention.destroy_key(connection, note.person_id, NEW_NOTE, now)
        return True

    async def move(self) -> int:
        """Decide where the items go that officers had at the ends of their shifts; return how many."""
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            items = await shift_handovers.left(connection, ITEMS_LIMIT)
            if not items:
                return 0
            readers = await notice_settings.readers(connection, now, OWNERS)
            loads = await shift_handovers.owned(connection, now)
        on_duty = {row.officer_id: row for row in readers if row.teams and is_on_duty(row, now)}
        for item in items:
            await self._attempt(item.task_id, partial(self._move, item, on_duty, loads))
        return len(items)

    async def purge(self) -> None:
        """Delete old records, with the keys of their notes."""
        now = self.ctx.now()
        before = now - timedelta(seconds=self.ctx.policy.shifts.keep_seconds)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            old = await shift_handovers.take_old(connection, before, PURGE_LIMIT)
            for person_id in (*old, *await shift_handovers.take_old_notes(connection, before, PURGE_LIMIT)):
                await retention.destroy_key(connection, person_id, RULE, now)

    async def _off_duty(self, connection: Connection, team: TeamEnd, now: datetime) -> list[str]:
        """Return the officers of a team who work in no other team now."""
        rows = {row.officer_id: row for row in await notice_settings.readers(connection, now, tuple(Role))}
        return [
            officer_id
            for officer_id in team.officers
            if officer_id not in rows or not is_on_duty(rows[officer_id], now)
        ]

    async def _attempt(self, task_id: int, do: Callable[[], Awaitable[T]]) -> T | None:
        """Do the work of one item, unless it rests; an error in it delays no other item."""
        now = self.ctx.now()
        return None if task_id in self._failed.resting(now) else await self._failed.attempt(task_id, do, now)

    async def _move(self, left: LeftItem, on_duty: dict[str, NoticeReader], loads: dict[str, int]) -> None:
        state, to = HandoverState.RETURNED, None
        if left.owner is not None and self._works_on(left, on_duty):
            state = HandoverState.KEPT
        elif left.owner is not None:
            try:
                to = await self._give_or_return(left, on_duty, loads)
            except (TaskClosed, TaskChanged):
                return  # an officer, or what the item waited for, came first; the next round looks again
            state = HandoverState.GIVEN if to else HandoverState.RETURNED
        async with self.ctx.pool.acquire() as connection:
            await shift_handovers.decide(connection, left, state, to)

    def _works_on(self, left: LeftItem, on_duty: dict[str, NoticeReader]) -> bool:
        """Return whether the officer works on: in another team, or in the case since the end of the shift."""
        assert left.since is not None, "an owner has a row"
        assert left.lease_ends_at is not None, "an owner has a lease"
        lease = timedelta(seconds=self.ctx.policy.work_items.lease_seconds)
        return left.officer_id in on_duty or left.since > left.ends_at or left.lease_ends_at > left.ends_at + lease

    async def _give_or_return(
        self, left: LeftItem, on_duty: dict[str, NoticeReader], loads: dict[str, int]
    ) -> str | None:
        """Give an item to an officer on shift, or back to the list; return the officer."""
        why = LeaseEnd.SHIFT_ENDED.value
        async with open_item(self.ctx, left.task_id, ENGINE) as item:
            if item.before.version != left.version:
                raise TaskChanged(left.task_id, item.before.version)
            to = None
            if self.ctx.policy.shifts.items is AtShiftEnd.GIVE:
                to = await self._receiver(item.connection, left.task_id, on_duty, loads, item.now)
            if to is None:
                await item.move(Move(kind=TaskActKind.RELEASED, note=why), because=why)
            else:
                change = Move(kind=TaskActKind.PASSED_ON, owner=to, lease_ends_at=item.lease_ends_at, note=why)
                await item.move(change, because=why)
                loads[to] = loads.get(to, 0) + 1
            return to

    async def _receiver(
        self,
        connection: Connection,
        task_id: int,
        on_duty: dict[str, NoticeReader],
        loads: dict[str, int],
        now: datetime,
    ) -> str | None:
        """Return the officer on shift who can act on an item and has the fewest; None without one."""
        in_order = sorted(
            on_duty.values(), key=lambda row: (bool(row.roles & _LAST), loads.get(row.officer_id, 0), row.officer_id)
        )
        for row in in_order:
            if await task_filters.can_act(connection, task_id, taker_of(row), now):
                return row.officer_id
        return None


def is_on_duty(row: NoticeReader, now: datetime) -> bool:
    """Return whether an officer is not absent, and a team of the officer works now."""
    return not row.is_absent and on_shift(row.teams, now)


async def read(ctx: Context, shift_id: int, within: Within | None) -> ShiftHandover:
    """Return the record of a shift, without items of cases that the reader may not read. Raises `ShiftNotFound`."""
    async with ctx.pool.acquire() as connection:
        head = await shift_handovers.head(connection, shift_id)
        records = await shift_handovers.records(connection, shift_id)
        items = await shift_handovers.items(connection, shift_id, within)
        drafts = await shift_handovers.drafts(connection, shift_id)
    officers = tuple(
        OfficerHandover(
            officer_id=record.officer_id,
            acts=record.acts,
            items=tuple(items.get(record.officer_id, ())),
            drafts=tuple(drafts.get(record.officer_id, ())),
            note=_note(ctx, record),
            noted_at=record.noted_at,
        )
        for record in records
    )
    return ShiftHandover(**head.model_dump(), officers=officers)


async def write_note(ctx: Context, shift_id: int, officer_id: str, handover_note: HandoverNote) -> None:
    """Write what an officer adds to the record of the own shift. Raises `ShiftNotFound` and `NotOfThisShift`."""
    key = ctx.persons.new_key()
    sealed = ctx.persons.seal_text(key, handover_note.note, _use(officer_id))
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        before = await shift_handovers.write_note(connection, shift_id, officer_id, key, sealed, now)
        if before is not None:
            await retention.destroy_key(connection, before, NEW_NOTE, now)


async def own_shifts(ctx: Context, officer_id: str) -> OwnShifts:
    """Return the shifts of an officer that have no record yet, running or ended, each with the own note."""
    async with ctx.pool.acquire() as connection:
        shifts = await _without_record(ctx, connection, officer_id)
        notes = await shift_handovers.of_officer(connection, officer_id)
    items = []
    for team, span in shifts:
        note = next((shift_note for shift_note in reversed(notes) if _is_for(shift_note, team, span)), None)
        items.append(
            OwnShift(
                team=team.name,
                starts_at=span.starts_at,
                ends_at=span.ends_at,
                note=_note(ctx, note) if note else "",
                noted_at=note.noted_at if note else None,
            )
        )
    return OwnShifts(items=tuple(items))


async def write_early_note(ctx: Context, officer_id: str, early_note: EarlyNote) -> None:
    """Write what an officer adds to the record of an own shift before the record is there.

    Raises `OwnShiftNotFound`.
    """
    key = ctx.persons.new_key()
    sealed = ctx.persons.seal_text(key, early_note.note, _use(officer_id))
    async with ctx.pool.acquire() as connection, connection.transaction():
        team, span = await _named(ctx, connection, officer_id, early_note)
        await shift_handovers.lock_team(connection, team.team_id)
        now = await present_moment(connection)
        shift_id = await shift_handovers.find(connection, team.team_id, span.ends_at)
        if shift_id is not None:
            # The record was written a moment ago.
            before = await shift_handovers.write_note(connection, shift_id, officer_id, key, sealed, now)
            replaced = [] if before is None else [before]
        else:
            notes = await shift_handovers.of_officer(connection, officer_id)
            earlier = [note for note in notes if _is_for(note, team, span)]
            await shift_handovers.remove(connection, earlier)
            await shift_handovers.put(connection, team.team_id, officer_id, span.ends_at, key, sealed, now)
            replaced = [note.person_id for note in earlier]
        for person_id in replaced:
            await retention.destroy_key(connection, person_id, NEW_NOTE, now)


async def _named(
    ctx: Context, connection: Connection, officer_id: str, early_note: EarlyNote
) -> tuple[TeamEnd, ShiftSpan]:
    """Return the own shift that a note names. Raises `OwnShiftNotFound`."""
    for team, span in await _without_record(ctx, connection, officer_id):
        if team.name.lower() == early_note.team.lower() and span.ends_at == early_note.ends_at:
            return team, span
    raise OwnShiftNotFound(early_note.team)


async def _without_record(ctx: Context, connection: Connection, officer_id: str) -> list[tuple[TeamEnd, ShiftSpan]]:
    """Return the shifts of an officer that run, or have ended and have no record yet."""
    now, look_back = ctx.now(), timedelta(seconds=ctx.policy.shifts.look_back_seconds)
    return [
        (team, span)
        for team in await shift_handovers.team_ends(connection, now - look_back, officer_id)
        for span in (*ended_shifts(team.shifts, now, look_back), *running_shifts(team.shifts, now))
        if span.ends_at not in team.written and span.ends_at >= team.since
    ]


def _is_for(note: ShiftNote, team: TeamEnd, span: ShiftSpan) -> bool:
    return note.team_id == team.team_id and is_note_of(span, note.ends_at, note.noted_at)


def _note(ctx: Context, record: StoredRecord | ShiftNote) -> str:
    if record.key is None or record.sealed_note is None:
        return ""
    return ctx.persons.open_text(record.key, record.sealed_note, _use(record.officer_id))


def _use(officer_id: str) -> str:
    return f"note of {officer_id} at the end of a shift"


HEADER: Final = ("officer", "state", "task_id", "kind", "ack_no", "to_officer", "in_play_paise", "deadline_at")


def handover_table(handover: ShiftHandover) -> Table:
    """Return a row for each work item and each half-done call of a shift."""
    return Table(title="handover", header=HEADER, rows=tuple(_rows(handover)))


def _rows(handover: ShiftHandover) -> Iterator[tuple[Value, ...]]:
    for officer in handover.officers:
        for item in officer.items:
            due = item.deadline_at.isoformat() if item.deadline_at else None
            about = (item.task_id, item.kind.value, item.ack_no)
            yield (officer.officer_id, item.state.value, *about, item.to_officer, item.in_play_paise, due)
        for draft in officer.drafts:
            yield (officer.officer_id, "draft", None, "call", draft.ack_no, None, None, None)
