"""Rounds that tell officers of work items: who is told of what, by own setting and shift, in which message.

Officers work in real time, so no wait here is divided by the clock factor. Doing a round twice is harmless, because a
notice is one row for each officer, item, version and reason.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from activities.context import Context
from activities.work_items.task_rounds import LastRound
from db.officers import teams
from db.pool import Connection
from db.work_items import notice_settings, task_filters, task_notices
from db.work_items.notice_settings import NoticeReader
from db.work_items.task_notices import UnheardItem, UnheardNotice
from domain.officers.jurisdiction import Shows, VerbKind, district_key, listed_within, marked_scopes_of, scopes_of
from domain.work_items.task_owners import DAY, OWNERS, Taker, acts_of, default_setting, is_due, is_told_at
from schemas.enums import Role
from schemas.notifications import SENT_MEDIA, NoticeMedium, NoticeReason, NoticeSetting
from schemas.officers.officers import TeamEntry
from schemas.privacy.personal_data import WHOLE_STATE

log = logging.getLogger(__name__)

ITEMS_LIMIT: Final = 1_000
"""items of which one officer is told in one round"""
NEAR_LIMIT: Final = 500
UNHEARD_LIMIT: Final = 50
PURGE_LIMIT: Final = 1_000


@dataclass(frozen=True)
class Reader:
    """An officer who may be told, with the setting that holds for the officer."""

    row: NoticeReader
    setting: NoticeSetting
    is_told: bool
    """whether the officer is told at this time"""

    @property
    def officer_id(self) -> str:
        """Return the officer's id."""
        return self.row.officer_id

    @property
    def taker(self) -> Taker:
        """Return the officer with what the officer can act on."""
        return taker_of(self.row)

    @property
    def reach(self) -> tuple[NoticeMedium, ...]:
        """Return the media that reach the officer off duty: those of the setting, otherwise those that are known."""
        chosen = tuple(medium for medium in self.setting.media if medium in SENT_MEDIA)
        return chosen or tuple(
            medium for medium in NoticeMedium if medium in SENT_MEDIA and _is_known(self.row, medium)
        )


def taker_of(row: NoticeReader) -> Taker:
    """Return an officer with the work items that the officer can act on."""
    roles = row.roles & OWNERS
    scopes, of_marked = scopes_of(roles, VerbKind.READ), marked_scopes_of(roles, Shows.MONEY)
    within = listed_within(row.officer_id, scopes, of_marked, row.districts)
    return Taker(officer_id=row.officer_id, roles=row.roles, acts=acts_of(roles), within=within)


@dataclass(frozen=True)
class TaskNotices:
    """Tells officers of work items and of their deadlines.

    A round is left out while nothing has changed that it depends on.
    """

    ctx: Context
    _written: LastRound = field(default_factory=LastRound)
    _heard: LastRound = field(default_factory=LastRound)

    @property
    def works(self) -> tuple[Callable[[], Awaitable[object]], ...]:
        """Return the works of a round, in order. Each can be done without the others."""
        return self.withdraw, self.write, self.write_unheard, self.merge

    async def run_once(self) -> None:
        """Run one round of everything."""
        for work in self.works:
            await work()

    async def withdraw(self) -> None:
        """Delete notices that do not hold any more and wait for a message, and old ones."""
        now, rules = self.ctx.now(), self.ctx.policy.notices
        async with self.ctx.pool.acquire() as connection:
            await task_notices.withdraw(connection, now, timedelta(seconds=rules.lease_seconds))
            await task_notices.purge(connection, now - timedelta(seconds=rules.keep_seconds), PURGE_LIMIT)

    async def write(self) -> int:
        """Write notices for the officers who are told at this time; return how many officers and items met."""
        now, rules = self.ctx.now(), self.ctx.policy.notices
        before_deadline = timedelta(seconds=rules.deadline_seconds)
        lease_until = now + timedelta(seconds=rules.lease_seconds)
        written = 0
        async with self.ctx.pool.acquire() as connection:
            readers = [reader for reader in await self._readers(connection, now) if reader.is_told]
            if await self._written.lasts(connection, now, readers):
                return 0
            near, next_deadline = await task_notices.near_deadline(connection, now, now + before_deadline, NEAR_LIMIT)
            for reader in readers:
                for reason in (NoticeReason.OPEN, *([NoticeReason.DEADLINE] if near else [])):
                    written += await task_notices.write(
                        connection, reader.taker, reader.setting, reason, now, ITEMS_LIMIT, near
                    )
            media = [(reader.officer_id, medium) for reader in readers for medium in reader.setting.media]
            written += await task_notices.write_own(connection, media, now, lease_until, near)
            ends = await task_notices.next_end(connection, now), await task_notices.next_end(connection, lease_until)
        warned = ends[1] and ends[1] - timedelta(seconds=rules.lease_seconds)
        self._written.until(now, ends[0], warned, next_deadline and next_deadline - before_deadline)
        return written

    async def write_unheard(self) -> int:
        """Tell the team's lead, or else supervisors, of items of which no officer on shift could be told.

        Returns of how many.
        """
        now = self.ctx.now()
        before = now - timedelta(seconds=self.ctx.policy.notices.unheard_seconds)
        async with self.ctx.pool.acquire() as connection:
            if await self._heard.lasts(connection, now):
                return 0
            # What is new by now is unheard after a while, and what is snoozed when that ends.
            newest = now + timedelta(seconds=self.ctx.policy.notices.unheard_seconds)
            items = await task_notices.unheard(connection, now, before, UNHEARD_LIMIT)
            if not items:
                self._heard.until(now, newest, await task_notices.next_end(connection, now))
                return 0
            readers = {reader.officer_id: reader for reader in await self._readers(connection, now)}
            of_teams = [team for team in await teams.listed(connection) if team.lead in readers]
            notices = [
                notice for item in items for notice in await self._to_tell(connection, item, of_teams, readers, now)
            ]
            untold = {item.task_id for item in items} - {notice.task_id for notice in notices}
            if untold:
                log.warning("%d work items have no officer who can be told of them", len(untold))
            return await task_notices.write_unheard(connection, notices, now)

    async def merge(self) -> int:
        """Make messages of the notices that wait, for officers whose next message is due; return how many."""
        now, rules = self.ctx.now(), self.ctx.policy.notices
        begun = 0
        async with self.ctx.pool.acquire() as connection:
            waiting = await task_notices.waiting(connection, now - DAY)
            readers = {reader.officer_id: reader for reader in await self._readers(connection, now)} if waiting else {}
            for standing in waiting:
                reader = readers.get(standing.officer_id)
                if reader is None or not reader.is_told:
                    # An officer off duty is told of the rest on the next shift.
                    kept = () if reader is None else (NoticeReason.UNHEARD,)
                    await task_notices.drop(connection, standing.officer_id, standing.medium, kept)
                    if reader is None or not standing.is_urgent:
                        continue
                if is_due(reader.setting, standing, rules, now):
                    to, medium = standing.officer_id, standing.medium
                    begun += await task_notices.begin(connection, uuid4(), to, medium, now)
        return begun

    async def _readers(self, connection: Connection, now: datetime) -> list[Reader]:
        rows = await notice_settings.readers(connection, now, OWNERS)
        return [self._reader(row, now) for row in rows]

    def _reader(self, row: NoticeReader, now: datetime) -> Reader:
        setting = row.setting or default_setting(row.roles, self.ctx.policy.notices)
        # The policy does not know which contacts an officer has, and a contact may be gone.
        media = tuple(medium for medium in setting.media if _is_known(row, medium))
        setting = setting.model_copy(update={"media": media})
        return Reader(row, setting, is_told_at(setting, row.teams, now, is_absent=row.is_absent))

    async def _to_tell(
        self,
        connection: Connection,
        item: UnheardItem,
        of_teams: Iterable[TeamEntry],
        readers: dict[str, Reader],
        now: datetime,
    ) -> list[UnheardNotice]:
        """Return who is told of an item: leads of its district, otherwise supervisors on shift, otherwise all of them.

        An officer who is absent is told of nothing.
        """
        present = {officer_id: reader for officer_id, reader in readers.items() if not reader.row.is_absent}
        leads = [present[team.lead] for team in of_teams if team.lead in present and _answers(team, item.district)]
        supervisors = [reader for reader in present.values() if Role.SUPERVISOR in reader.row.roles]
        for group in (leads, [reader for reader in supervisors if reader.is_told], supervisors):
            able = [
                reader for reader in group if await task_filters.can_act(connection, item.task_id, reader.taker, now)
            ]
            notices = [
                UnheardNotice(officer_id=officer_id, task_id=item.task_id, version=item.version, medium=medium)
                for officer_id, media in {reader.officer_id: reader.reach for reader in able}.items()
                for medium in media
            ]
            if notices:
                return notices
        return []


def _is_known(row: NoticeReader, medium: NoticeMedium) -> bool:
    known = {
        NoticeMedium.SMS: bool(row.mobile),
        NoticeMedium.EMAIL: bool(row.email),
        NoticeMedium.WEBHOOK: row.has_webhook,
    }
    return known.get(medium, True)


def _answers(team: TeamEntry, district: str) -> bool:
    of_team = team.districts
    return not of_team or WHOLE_STATE in of_team or district in {district_key(name) for name in of_team}
