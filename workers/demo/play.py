"""Playing the day: start it, watch it, and know when it is over."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from db.pool import Connection
from db.reporting.day_totals import ChannelFigures, DayFigures, Spread, channel_figures, day_figures, turnarounds
from db.reporting.outcomes import Period, credits_said, report, standing
from schemas.enums import AnswerClass, ChannelKind
from schemas.reporting.outcomes import HomeBy, HomeReport, Sum
from workers.demo.world_state import WorldState
from workers.number_text import duration
from workers.processes import ChildFailed
from workers.simulated import Stage
from workers.stack import memory, until_failure
from workers.verifying import Verdict, verify

DAY_SECONDS = 86_400.0
LOOK_SECONDS = 0.5
QUIET_SECONDS = 2.0
"""how long nothing may wait until the day is called over"""
TAIL_SECONDS = 15.0
TAIL_SHARE = 0.25
"""how long after the last complaint banks are waited for at most, also as a share of the day: what is not answered by
then is shown so"""
HOME_SECONDS = 30.0
HOME_SHARE = 1.25
HOME_QUIET_SECONDS = 5.0
"""how long the way home is watched after the day at most, also as a share of the day, and how long nobody may be on it
until it is over"""
STILL_SECONDS = 10.0
"""how long nothing may move, though a bank has a ticket, until the day is called over: it waits for a person"""
STUCK_SECONDS = 30.0
"""how long nothing may move, though the engine has something to do, until it is given up"""
BEGAN_WITHIN = timedelta(days=30)
"""before now, by the wall's clock, any demo that is being played began"""
FAST_CLASSES = (AnswerClass.API, AnswerClass.SEAT)
"""the banks that are waited for; e-mail-class banks answer after hours or days"""


@dataclass(frozen=True)
class DayPlan:
    """Which day is played: how many complaints, drawn from which seed, how much faster than the wall's clock."""

    complaints: int
    seed: int
    clock_factor: float
    wall_seconds: float
    """how long complaints come in, by the wall's clock"""
    procedure_clock_factor: float = 1.0
    """how much faster the months of the way home run"""
    faults: bool = False
    """whether every bank has faults of its own: lines that fail, answers that are foul"""

    @property
    def day_seconds(self) -> float:
        """How long complaints come in, by the world's clock."""
        return self.wall_seconds * self.clock_factor

    @property
    def tail_seconds(self) -> float:
        """How long the last answers are waited for at most, by the wall's clock."""
        return max(TAIL_SECONDS, self.wall_seconds * TAIL_SHARE)

    @property
    def home_seconds(self) -> float:
        """How long the way home is watched after the day at most, by the wall's clock."""
        return max(HOME_SECONDS, self.wall_seconds * HOME_SHARE)

    def config(self) -> dict[str, object]:
        """The simulator's configuration."""
        return {
            "seed": self.seed,
            "complaints": self.complaints,
            "clock_factor": self.clock_factor,
            "procedure_clock_factor": self.procedure_clock_factor,
            "day_seconds": self.day_seconds,
            "profile": "uniform",
            "random_faults": self.faults,
        }


@dataclass(frozen=True)
class Look:
    """The day at one moment, from both sides: what the engine knows and what is true."""

    elapsed_seconds: float
    world: WorldState
    figures: DayFigures

    @property
    def engine_waits(self) -> bool:
        """Whether there are complaints to come, or hops and requests that the engine has to send."""
        return not self.world.complaints.done or self.figures.waiting_hops > 0 or self.figures.undelivered > 0

    @property
    def banks_wait(self) -> bool:
        """Whether a bank that is fast has a ticket to work, or an answer on its way."""
        tickets, posts = self.world.tickets, self.world.posts
        open_tickets = any(tickets.open_by_class.get(name, 0) for name in FAST_CLASSES)
        return open_tickets or posts.made > posts.accepted + posts.gave_up

    @property
    def home_waits(self) -> bool:
        """Whether money is on its way home, or a bank has an order to carry out."""
        way_home = self.world.way_home
        return way_home is not None and (way_home.under_way > 0 or self.world.orders.open > 0)

    def moved_since(self, other: "Look") -> bool:
        """Whether anything of the day happened between the two; the way home has its own clocks."""
        return self._of_the_day != other._of_the_day

    @property
    def _of_the_day(self) -> tuple[int, ...]:
        figures = self.figures
        return (figures.complaints, figures.hops, figures.requests, figures.answers, figures.undelivered)


@dataclass(frozen=True)
class Home:
    """How the way home went: its measures by route, what banks said of orders to give back, and what is under way."""

    report: HomeReport
    credits: dict[str, int]
    standing: dict[str, Sum]
    """what is still on its way, by step"""


@dataclass(frozen=True)
class Played:
    """How the day went. `trouble` says why it is not over; it is empty when it is."""

    plan: DayPlan
    trouble: str
    look: Look
    turnarounds: dict[str, Spread]
    channels: dict[ChannelKind, ChannelFigures]
    home: Home
    memory_bytes: dict[str, int]
    verdict: Verdict


async def look(stage: Stage, elapsed_seconds: float) -> Look:
    """Look at the day now."""
    async with (
        stage.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        figures = await day_figures(connection)
    return Look(elapsed_seconds, WorldState.model_validate(await stage.state()), figures)


async def play(stage: Stage, plan: DayPlan, limit_seconds: float, show: Callable[[Look], None]) -> Played:
    """Play the day to its end, or to `limit_seconds` by the wall's clock; then verify the database.

    `show` is given every look. Raises `ChildFailed` as soon as a process of the stage ends.
    """
    playing = asyncio.ensure_future(_play(stage, plan, limit_seconds, show))
    failing = asyncio.ensure_future(until_failure(stage.services, stage.supervisor, restarts=False))
    try:
        await asyncio.wait([playing, failing], return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            await failing
        return await playing
    except httpx.HTTPError as error:
        raise ChildFailed(f"the simulator does not answer: {error}") from error
    finally:
        for task in (playing, failing):
            task.cancel()
        await asyncio.gather(playing, failing, return_exceptions=True)


async def _play(stage: Stage, plan: DayPlan, limit_seconds: float, show: Callable[[Look], None]) -> Played:
    await stage.start()
    trouble, last = await _watch(stage, plan.tail_seconds, limit_seconds, show)
    if stage.goes_home and not trouble:
        last = await _watch_home(stage, last, plan.home_seconds, show)
    dsn = stage.running.settings.database_url
    assert dsn is not None, "the stage fills it in"
    async with stage.pool.acquire() as connection:
        spreads = await turnarounds(connection)
        channels = await channel_figures(connection)
        home = await _home(connection, plan)
    sizes = dict(memory(stage.services, stage.supervisor))
    return Played(plan, trouble, last, spreads, channels, home, sizes, await verify(dsn.get_secret_value()))


async def _home(connection: Connection, plan: DayPlan) -> Home:
    """The measures of the way home, of every case there is."""
    now = datetime.now(UTC)
    period = Period(
        opened_from=now - BEGAN_WITHIN,
        opened_to=now + timedelta(days=1),
        as_of=now,
        clock_factor=plan.procedure_clock_factor,
    )
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        told = await report(connection, period, HomeBy.ROUTE)
        return Home(told, await credits_said(connection), await standing(connection))


async def _watch(
    stage: Stage, tail_seconds: float, limit_seconds: float, show: Callable[[Look], None]
) -> tuple[str, Look]:
    """Look until nothing waits, or nothing moves; gives what is wrong (empty: the day is over) and the last look."""
    started = time.monotonic()
    before = await look(stage, 0.0)
    busy_at = moved_at = started
    told_at: float | None = None
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = time.monotonic()
        seen = await look(stage, now - started)
        show(seen)
        busy_at = now if seen.engine_waits or seen.banks_wait else busy_at
        moved_at = now if seen.moved_since(before) or not seen.world.complaints.done else moved_at
        told_at = (told_at or now) if seen.world.complaints.done else None
        before = seen
        still = now - busy_at >= QUIET_SECONDS or now - moved_at >= STILL_SECONDS
        late = told_at is not None and now - told_at >= tail_seconds
        if not seen.engine_waits and (late or still):
            return "", seen
        if now - moved_at >= STUCK_SECONDS:
            waiting = (
                f"{seen.figures.waiting_hops} hops wait to be asked, {seen.figures.undelivered} requests to be sent"
            )
            return f"nothing moves any more, and {waiting}", seen
        if now - started >= limit_seconds:
            return f"the day is not over after {duration(limit_seconds)}", seen


async def _watch_home(stage: Stage, day: Look, limit_seconds: float, show: Callable[[Look], None]) -> Look:
    """Look until nobody is on the way home any more, or its time is up; gives the last look."""
    started = busy_at = time.monotonic()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = time.monotonic()
        seen = await look(stage, day.elapsed_seconds + now - started)
        show(seen)
        busy_at = now if seen.home_waits else busy_at
        if now - busy_at >= HOME_QUIET_SECONDS or now - started >= limit_seconds:
            return seen
