"""The sweep's hand: what is committed but was never told to a workflow."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.hands import Hands
from db import cases, news
from schemas.work import FollowUp, Swept

SWEEP_LIMIT = 500
FAILURES_MAX = 5
"""as many failures in one sweep are no case's trouble but Temporal's: the next sweep is a moment away"""
SWEEP_AFTER = timedelta(seconds=2)
"""younger rows are still with the process that wrote them"""

TellWorkflow = Callable[[FollowUp], Awaitable[None]]


@dataclass(frozen=True)
class SweepHands:
    """The activity of `SweepWorkflow`. `tell` starts or signals a workflow and marks the row as told."""

    hands: Hands
    tell: TellWorkflow

    @activity.defn
    async def sweep_outbox(self) -> Swept:
        """Start the cases and send the news that were left lying, oldest first, at most `SWEEP_LIMIT` of each."""
        now = datetime.now(UTC)
        before = now - SWEEP_AFTER
        async with self.hands.pool.acquire() as connection:
            lost_cases = await cases.not_started(connection, before, SWEEP_LIMIT)
            starts = [await cases.snapshot(connection, case_no) for case_no, _ in lost_cases]
            lost_news = await news.unsignalled(connection, before, SWEEP_LIMIT)
        await self._tell_all(
            [FollowUp(case_no=start.case_no, start=start) for start in starts]
            + [FollowUp(case_no=case_no, news=told) for case_no, _, told in lost_news]
        )
        oldest = min([at for _, at in lost_cases] + [at for _, at, _ in lost_news], default=now)
        return Swept(
            cases_started=len(starts),
            news_signalled=len(lost_news),
            oldest_age_seconds=(now - oldest).total_seconds(),
        )

    async def _tell_all(self, follow_ups: Sequence[FollowUp]) -> None:
        """Tell what can be told. Raises the last failure: one case must not keep the others waiting."""
        failures: list[Exception] = []
        for follow_up in follow_ups:
            try:
                await self.tell(follow_up)
            except Exception as error:
                failures.append(error)
                if len(failures) >= FAILURES_MAX:
                    break
        if failures:
            raise failures[-1]
