"""Whatever officers do with work items in any order: each has at most one owner, and none is lost."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from activities.work_items.task_owners import close_task
from db.pool import open_pool
from domain.errors import BusinessError
from schemas.tasks import TaskStanding
from tests.activities.task_desk import TaskDesk
from tests.deep import database_settings
from tests.factories import institution, make_context

ITEMS = 3


who = st.sampled_from(("a", "b", "c", "chief"))


which = st.integers(0, ITEMS - 1)


lag = st.sampled_from((0, 0, 0, 1))
"""how many versions ago the caller saw the item"""


happenings = st.one_of(
    st.tuples(st.just("claim"), which, who, lag),
    st.tuples(st.just("claim"), which, who, lag),
    st.tuples(st.just("pass_on"), which, who, lag, who),
    st.tuples(st.just("take_over"), which, who, lag),
    st.tuples(st.just("release"), which, who, lag),
    st.tuples(st.just("snooze"), which, who, lag, st.integers(1, 90)),
    st.tuples(st.just("act"), which, who),
    st.tuples(st.just("close"), which, who),
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("round")),
    st.tuples(st.just("leave"), who),
)


class Night:
    """A night at the desk: several officers do anything with three items, and a model says who has each."""

    def __init__(self, desk: TaskDesk) -> None:
        self.desk = desk
        self.items: list[tuple[str, int]] = []
        self.owner: list[str | None] = []
        self.version: list[int] = []
        self.is_open: list[bool] = []

    async def live(self, happens: Sequence[tuple[Any, ...]]) -> None:
        self.items = [await self.desk.item() for _ in range(ITEMS)]
        self.owner, self.version, self.is_open = [None] * ITEMS, [0] * ITEMS, [True] * ITEMS
        for what, *details in happens:
            await getattr(self, what)(*details)
            await self.check()
        await self.end()

    async def _verb(self, item: int, verb: Callable[..., Coroutine[Any, Any, TaskStanding]], *more: Any) -> None:
        try:
            done = await verb(*more)
        except BusinessError:
            return
        assert self.is_open[item]
        self.owner[item], self.version[item] = done.owner, done.version

    async def claim(self, item: int, officer: str, lag: int) -> None:
        before = await self.current(item)
        await self._verb(item, self.desk.claim, officer, self.items[item][1], max(0, self.version[item] - lag))
        if before is not None and self.is_open[item]:
            assert self.owner[item] == before, "a claim takes an item from no officer"

    async def pass_on(self, item: int, officer: str, lag: int, to: str) -> None:
        version = max(0, self.version[item] - lag)
        await self._verb(item, self.desk.pass_on, officer, self.items[item][1], version, to)

    async def take_over(self, item: int, officer: str, lag: int) -> None:
        version = max(0, self.version[item] - lag)
        await self._verb(item, self.desk.take_over, officer, self.items[item][1], version)

    async def release(self, item: int, officer: str, lag: int) -> None:
        version = max(0, self.version[item] - lag)
        await self._verb(item, self.desk.release, officer, self.items[item][1], version)

    async def snooze(self, item: int, officer: str, lag: int, minutes: int) -> None:
        version = max(0, self.version[item] - lag)
        await self._verb(item, self.desk.snooze, officer, self.items[item][1], version, minutes)

    async def act(self, item: int, officer: str) -> None:
        await self.desk.act(officer, self.items[item][0])

    async def close(self, item: int, officer: str) -> None:
        try:
            await close_task(self.desk.ctx, self.items[item][1], "spoke to them", f"officer:{officer}")
        except BusinessError:
            return
        self.is_open[item], self.owner[item] = False, None

    async def wait(self, minutes: int) -> None:
        self.desk.later(minutes=minutes)

    async def round(self) -> None:
        await self.desk.rounds.run_once()

    async def leave(self, officer: str) -> None:
        await self.desk.leave(officer)

    async def current(self, item: int) -> str | None:
        owner: str | None = await self.desk.bench.value(
            "SELECT owner FROM task_owner JOIN desk_task USING (task_id)"
            " WHERE task_id = $1 AND state = 'open' AND lease_ends_at > $2",
            self.items[item][1],
            self.desk.clock.at,
        )
        return owner

    async def check(self) -> None:
        for item, (case_no, task_id) in enumerate(self.items):
            acts = await self.desk.bench.rows(
                "SELECT version, former, owner, actor FROM task_act WHERE task_id = $1 ORDER BY version", task_id
            )
            assert [version for version, *_ in acts] == list(range(1, len(acts) + 1)), "no act is lost, none is twice"
            for (_, _, owner, _), (_, former, _, _) in pairwise(acts):
                assert former == owner, "each act begins where the one before it ended"
            logged = await self.desk.logged(case_no, task_id)
            moved = [kind for kind, _, _ in logged if kind not in {"task_unowned", "task_closed"}]
            assert len(moved) == len(acts), "the log of the case has each of them"
            if acts and acts[-1][3] == "engine":
                self.owner[item] = None
            self.version[item] = len(acts)
            current = await self.current(item)
            assert current in {None, self.owner[item]}, "an officer has an item only by an act"

    async def end(self) -> None:
        """Let every lease end: the supervisor is told of each open item, and of no closed one."""
        self.desk.later(hours=3)
        await self.desk.rounds.run_once()
        self.desk.later(hours=1)
        await self.desk.rounds.run_once()
        still = [task_id for (_, task_id), is_open in zip(self.items, self.is_open, strict=True) if is_open]
        assert await self.desk.alarms(*(task_id for _, task_id in self.items)) == sorted(still)
        seen = {one.task_id: one.owner for one in await self.desk.listed()}
        assert {task_id: seen[task_id] for task_id in still} == dict.fromkeys(still), (
            "each is in the list, without owner"
        )


def test_whatever_officers_do_an_item_has_one_owner_and_none_is_lost(database_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=2, only_single_cases=True))
        desk = TaskDesk(runner.run(make_context(pool, [institution("HDFC")])))
        runner.run(desk.come())

        @database_settings(8, steps=50)
        @given(st.lists(happenings, min_size=5, max_size=25))
        def nights(happens: list[tuple[Any, ...]]) -> None:
            runner.run(Night(desk).live(happens))

        try:
            nights()
        finally:
            runner.run(pool.close())
