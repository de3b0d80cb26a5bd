"""Pause of the hold requests about the cases of a workbook, while it is imported.

A later row of the workbook may have the answer that a request would ask for. The pause is a row in PostgreSQL, which
the sweep respects. It ends with the import; after a killed import it ends by itself.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from activities.context import Context
from db.case import case_outbox, cases, request_pauses
from db.clock import present_moment
from schemas.case.case_workflow import FollowUp


@dataclass
class RequestPause:
    """Pause for the cases of some acknowledgement numbers, whether they exist already or not."""

    ctx: Context
    ack_nos: Sequence[str]
    _renewed_at: datetime | None = field(default=None, init=False)

    @property
    def _length(self) -> timedelta:
        return timedelta(seconds=self.ctx.policy.trail.import_pause_seconds)

    async def begin(self) -> None:
        """Begin the pause, or make it as long as at its beginning again."""
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            await request_pauses.set_end(connection, self.ack_nos, now + self._length)
        self._renewed_at = now

    async def renew(self) -> None:
        """Renew the pause if a good part of it is over."""
        if self._renewed_at is None or self.ctx.now() - self._renewed_at > self._length / 4:
            await self.begin()

    async def include(self, ack_nos: Sequence[str]) -> None:
        """Pause the cases of more numbers, because a case of the workbook is merged with them."""
        new = [one for one in ack_nos if one not in self.ack_nos]
        if new:
            self.ack_nos = [*self.ack_nos, *new]
            await self.begin()

    async def leave(self, ack_no: str) -> None:
        """End the pause of one number, because the workbook means another case."""
        self.ack_nos = [one for one in self.ack_nos if one != ack_no]
        async with self.ctx.pool.acquire() as connection:
            await request_pauses.remove(connection, [ack_no], self.ctx.now())

    async def end(self, case_nos: Collection[str]) -> list[FollowUp]:
        """End the pause in one transaction; return the notifications that the workflows of these cases have missed.

        All changes of a case go as one notification, so a hop that one row opens and another closes is not asked about.
        """
        follow_ups = []
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            now = await present_moment(connection)
            for case_no in sorted(case_nos):
                news = await case_outbox.join_unsignalled(connection, case_no, now)
                start = await cases.snapshot(connection, case_no) if await cases.is_new(connection, case_no) else None
                follow_ups.append(FollowUp(case_no=case_no, start=start))
                follow_ups += [FollowUp(case_no=case_no, news=one) for one in news]
            await request_pauses.remove(connection, self.ack_nos, self.ctx.now())
        return [follow_up for follow_up in follow_ups if follow_up.start or follow_up.news]
