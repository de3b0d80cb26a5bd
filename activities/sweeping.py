"""The sweep's hand: what is committed but was never told to a workflow."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.hands import Hands
from db import cases, news
from schemas.work import CaseNews, CaseStart, FollowUp, Swept

SWEEP_LIMIT = 500
FAILURES_MAX = 5
"""as many failures in one sweep are no case's trouble but Temporal's: the next sweep is a moment away"""
SWEEP_AFTER = timedelta(seconds=2)
"""younger rows are still with the process that wrote them"""
LOOK_AFTER = timedelta(minutes=15)
"""an open case whose workflow was not seen for so long is looked after: somebody may have ended it by mistake"""
LOOK_AFTER_LIMIT = 50
"""a sweep; with one every five seconds, 36,000 cases an hour"""

TellWorkflow = Callable[[FollowUp], Awaitable[None]]


@dataclass(frozen=True)
class SweepHands:
    """The activity of `SweepWorkflow`. `tell` starts or signals a workflow and marks the row as told."""

    hands: Hands
    tell: TellWorkflow

    @activity.defn
    async def sweep_outbox(self) -> Swept:
        """Start the cases and send the news that were left lying, oldest first, at most `SWEEP_LIMIT` of each.

        Then see to it that some of the open cases have their workflow, each after `LOOK_AFTER`.
        """
        now = datetime.now(UTC)
        before = now - SWEEP_AFTER
        async with self.hands.pool.acquire() as connection:
            lost_cases = await cases.not_started(connection, before, SWEEP_LIMIT)
            starts = [await cases.snapshot(connection, case_no) for case_no, _ in lost_cases]
            lost_news = await news.unsignalled(connection, before, SWEEP_LIMIT)
            unseen = await cases.not_seen(connection, now - LOOK_AFTER, LOOK_AFTER_LIMIT)
            seen = [await cases.snapshot(connection, case_no) for case_no in unseen]
        await self._tell_all(
            [FollowUp(case_no=start.case_no, start=start) for start in starts]
            + [FollowUp(case_no=case_no, news=told) for case_no, _, told in lost_news]
            + [_look_after(start) for start in seen]
        )
        oldest = min([at for _, at in lost_cases] + [at for _, at, _ in lost_news], default=now)
        return Swept(
            cases_started=len(starts),
            news_signalled=len(lost_news),
            cases_looked_after=len(seen),
            oldest_age_seconds=(now - oldest).total_seconds(),
        )

    async def _tell_all(self, follow_ups: Sequence[FollowUp]) -> None:
        """Tell what can be told. Raises the last failure: one case must not keep the others waiting."""
        failures: list[Exception] = []
        for follow_up in follow_ups:
            if activity.in_activity():
                activity.heartbeat()
            try:
                await self.tell(follow_up)
            except Exception as error:
                failures.append(error)
                if len(failures) >= FAILURES_MAX:
                    break
        if failures:
            raise failures[-1]


def _look_after(start: CaseStart) -> FollowUp:
    """Start the workflow if none runs; one that does is told what is to be asked, as it may have missed it."""
    news = CaseNews(news_id=0, opened=start.open_hops, parked=start.parked) if start.open_hops else None
    return FollowUp(case_no=start.case_no, start=start, news=news)
