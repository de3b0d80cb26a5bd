"""The play of the demo, and the state of its world."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import httpx
from pydantic import BaseModel, ConfigDict

from activities.privacy.person_keys import PersonKeys
from adapters.clock import wall_clock
from db.pool import Connection
from db.recovery.due_documents import Backlog
from db.reporting.day_totals import ChannelFigures, DayFigures, Spread, channel_figures, day_figures, turnarounds
from db.reporting.outcomes import Period, credits_said, report, standing
from domain.evidence.integrity import Verdict
from schemas.enums import AnswerClass, ChannelKind
from schemas.reporting.figures import FigureGroup, OutcomeReport, Sum
from workers.demo.restoration_wait import until_nothing_is_owed
from workers.home import secret_box
from workers.iso_text import duration
from workers.processes import ChildFailed
from workers.simulated import SimulatedStack
from workers.stack import memory, until_failure
from workers.verifying import verify


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ComplaintsState(_State):
    """Progress of the day's complaints."""

    planned: int
    sent: int
    accepted: int
    joined: int
    refused: int
    done: bool


class TicketsState(_State):
    """Tickets that banks have received; `open_by_class` counts those not handled yet."""

    received: int
    incidents: int
    repeats: int
    open_by_class: dict[str, int]


class PostsState(_State):
    """Banks' answers and their delivery."""

    made: int
    accepted: int
    gave_up: int
    failed_attempts: int


class TruthState(_State):
    """Amounts caught, and amounts that a perfect engine would have caught. Paise by class of bank, shares in [0, 1]."""

    caught_paise: dict[str, int]
    catchable_paise: dict[str, int]
    catchable_so_far_paise: dict[str, int]
    caught_of_catchable: float | None
    caught_of_catchable_so_far: float | None
    caught_of_catchable_all_classes: float | None


class OrdersState(_State):
    """Orders that banks have received, and the amounts they report as executed (paise, by kind)."""

    received: int
    open: int
    said_paise: dict[str, int]


class RestorationActions(_State):
    """Actions of the simulated officers and victims; `under_way` counts open restorations whose victim applies."""

    under_way: int
    done: dict[str, int]


class RepeatedRequest(_State):
    """Two requests about the same money of one transfer at one bank, each still open when the last one came."""

    ack_no: str
    rrn: str
    bank: str
    keys: list[str]
    """ids of the requests, oldest first"""


class WorldState(_State):
    """State of the simulated world now; `world_seconds` counts from its midnight."""

    world_seconds: float
    clock_running: bool
    """false in a simulator that was started again"""
    complaints: ComplaintsState
    tickets: TicketsState
    posts: PostsState
    repeated_requests: int
    repeated_requests_of: list[RepeatedRequest]
    """the first ones of them"""
    orders: OrdersState
    restoration: RestorationActions | None
    truth: TruthState
    latency_ms: dict[str, dict[str, float]]


DAY_SECONDS = 86_400.0
POLL_SECONDS = 0.5
QUIET_SECONDS = 2.0
"""how long nothing may be pending until the day counts as over"""
TAIL_SECONDS = 15.0
TAIL_SHARE = 0.25
"""the longest wait for banks after the last complaint, also as a share of the day; later answers show as missing"""
RESTORATION_SECONDS = 30.0
RESTORATION_SHARE = 1.25
RESTORATION_QUIET_SECONDS = 5.0
"""the longest watch of restorations after the day, also as a share of the day; and how long none may be pending until
they count as finished"""
STILL_SECONDS = 10.0
"""how long nothing may change until the day counts as over, though a bank has a ticket that needs a person"""
STUCK_SECONDS = 30.0
"""how long nothing may change until the demo fails, though the engine has work to do"""
AWAY_SECONDS = 120.0
"""how long the database or the simulator may be away until the demo fails"""
LOST = "the simulated banks were started again, which ends the day early"
BEGAN_WITHIN = timedelta(days=30)
"""before now, in real time: any running demo began after that"""
FAST_CLASSES = (AnswerClass.API, AnswerClass.SEAT)
"""the banks that are waited for; e-mail banks answer after hours or days"""


@dataclass(frozen=True)
class DayPlan:
    """Parameters of the day: number of complaints, seed, and clock factors."""

    complaints: int
    seed: int
    clock_factor: float
    wall_seconds: float
    """how long complaints arrive, in real time"""
    procedure_clock_factor: float = 1.0
    """how much faster the clock of restorations runs than real time"""
    faults: bool = False
    """whether every bank has random faults: failing connections, malformed answers"""
    owed_limit_seconds: float = 0.0
    """the longest wait, at the end, for the work of restorations that is due; 0 for none"""

    @property
    def day_seconds(self) -> float:
        """Simulated time over which complaints arrive."""
        return self.wall_seconds * self.clock_factor

    @property
    def tail_seconds(self) -> float:
        """The longest wait for the last answers, in real time."""
        return max(TAIL_SECONDS, self.wall_seconds * TAIL_SHARE)

    @property
    def restoration_seconds(self) -> float:
        """The longest watch of restorations after the day, in real time."""
        return max(RESTORATION_SECONDS, self.wall_seconds * RESTORATION_SHARE)

    def config(self) -> dict[str, object]:
        """Return the simulator's configuration."""
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
class DayState:
    """The day at one moment: the engine's figures and the simulator's true figures."""

    elapsed_seconds: float
    world: WorldState
    figures: DayFigures

    @property
    def engine_busy(self) -> bool:
        """Whether complaints are still to come, or the engine has hops and requests to send."""
        return not self.world.complaints.done or self.figures.waiting_hops > 0 or self.figures.undelivered > 0

    @property
    def banks_busy(self) -> bool:
        """Whether a fast bank has an open ticket or an answer to send."""
        tickets, posts = self.world.tickets, self.world.posts
        open_tickets = any(tickets.open_by_class.get(name, 0) for name in FAST_CLASSES)
        return open_tickets or posts.made > posts.accepted + posts.gave_up

    @property
    def restorations_pending(self) -> bool:
        """Whether a hold is to be opened, a restoration is open, or a bank has an order to execute."""
        restoration = self.world.restoration
        if restoration is None:
            return False
        return self.figures.holds_to_open > 0 or restoration.under_way > 0 or self.world.orders.open > 0

    def changed_since(self, other: "DayState") -> bool:
        """Return whether the day progressed between the two moments; restorations have their own clocks."""
        return self._day_counts != other._day_counts

    @property
    def _day_counts(self) -> tuple[int, ...]:
        figures = self.figures
        return (figures.complaints, figures.hops, figures.requests, figures.answers, figures.undelivered)


@dataclass(frozen=True)
class Restorations:
    """Result of the restorations: figures by route, banks' credit reports, and open restorations."""

    report: OutcomeReport
    credits: dict[str, int]
    standing: dict[str, Sum]
    """the restorations still open, by step"""


@dataclass(frozen=True)
class Played:
    """Result of the day. `trouble` says why it did not finish, and is empty if it did."""

    plan: DayPlan
    trouble: str
    ended: float
    """monotonic seconds when nothing was left to do, before the figures were read"""
    state: DayState
    turnarounds: dict[str, Spread]
    channels: dict[ChannelKind, ChannelFigures]
    restorations: Restorations
    memory_bytes: dict[str, int]
    verdict: Verdict


async def read_day(stack: SimulatedStack, elapsed_seconds: float) -> DayState:
    """Read the state of the day now."""
    async with (
        stack.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        figures = await day_figures(connection)
    return DayState(elapsed_seconds, WorldState.model_validate(await stack.state()), figures)


async def _look(stack: SimulatedStack, elapsed_seconds: float) -> DayState:
    """Read the state of the day; where processes are started again, wait for one that is away."""
    deadline = time.monotonic() + (AWAY_SECONDS if stack.restarts else 0.0)
    while True:
        try:
            return await read_day(stack, elapsed_seconds)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, httpx.TransportError):
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(POLL_SECONDS)


async def play(
    stack: SimulatedStack,
    plan: DayPlan,
    limit_seconds: float,
    show: Callable[[DayState], None],
    show_owed: Callable[[Backlog], None] = lambda _: None,
) -> Played:
    """Play the day to its end, or to `limit_seconds` in real time, then verify the database.

    `show` is called with every state, and `show_owed` with what restorations owe afterwards. Raises `ChildFailed` as
    soon as a process of the stage ends that is not started again.
    """
    playing = asyncio.ensure_future(_play(stack, plan, limit_seconds, show, show_owed))
    failing = asyncio.ensure_future(until_failure(stack.services, stack.supervisor, restarts=stack.restarts))
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


async def _play(
    stack: SimulatedStack,
    plan: DayPlan,
    limit_seconds: float,
    show: Callable[[DayState], None],
    show_owed: Callable[[Backlog], None],
) -> Played:
    await stack.start()
    trouble, last = await _watch(stack, plan.tail_seconds, limit_seconds, show)
    if stack.with_restorations and not trouble:
        last = await _watch_restorations(stack, last, plan.restoration_seconds, show)
    if plan.owed_limit_seconds and not trouble:
        trouble = await until_nothing_is_owed(stack.pool, plan.owed_limit_seconds, show_owed)
    ended = time.monotonic()
    dsn = stack.running.settings.database_url
    assert dsn is not None, "the stage fills it in"
    async with stack.pool.acquire() as connection:
        spreads = await turnarounds(connection)
        channels = await channel_figures(connection)
        restorations = await _restorations(connection, plan)
    sizes = dict(memory(stack.services, stack.supervisor))
    verdict = await verify(dsn.get_secret_value(), persons=PersonKeys(secret_box(stack.running.settings)))
    return Played(plan, trouble, ended, last, spreads, channels, restorations, sizes, verdict)


async def _restorations(connection: Connection, plan: DayPlan) -> Restorations:
    """Return the restoration figures of all cases."""
    now = wall_clock()
    period = Period(
        opened_from=now - BEGAN_WITHIN,
        opened_to=now + timedelta(days=1),
        as_of=now,
        clock_factor=plan.procedure_clock_factor,
    )
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        outcome_report = await report(connection, period, FigureGroup.ROUTE)
        return Restorations(outcome_report, await credits_said(connection), await standing(connection))


async def _watch(
    stack: SimulatedStack, tail_seconds: float, limit_seconds: float, show: Callable[[DayState], None]
) -> tuple[str, DayState]:
    """Watch until nothing is pending, or nothing changes; return the fault (empty if none) and the last state."""
    started = time.monotonic()
    before = await _look(stack, 0.0)
    busy_at = changed_at = started
    complaints_done_at: float | None = None
    while True:
        await asyncio.sleep(POLL_SECONDS)
        now = time.monotonic()
        seen = await _look(stack, now - started)
        if not seen.world.clock_running:
            return LOST, before
        show(seen)
        busy_at = now if seen.engine_busy or seen.banks_busy else busy_at
        changed_at = now if seen.changed_since(before) or not seen.world.complaints.done else changed_at
        complaints_done_at = (complaints_done_at or now) if seen.world.complaints.done else None
        before = seen
        still = now - busy_at >= QUIET_SECONDS or now - changed_at >= STILL_SECONDS
        late = complaints_done_at is not None and now - complaints_done_at >= tail_seconds
        if not seen.engine_busy and (late or still):
            return "", seen
        if now - changed_at >= STUCK_SECONDS:
            waiting = f"{seen.figures.waiting_hops} hops and {seen.figures.undelivered} requests are still to be sent"
            return f"nothing changes any more, and {waiting}", seen
        if now - started >= limit_seconds:
            return f"the day did not finish within {duration(limit_seconds)}", seen


async def _watch_restorations(
    stack: SimulatedStack, day: DayState, limit_seconds: float, show: Callable[[DayState], None]
) -> DayState:
    """Watch until no restoration is pending, or the time limit; return the last state."""
    started = busy_at = time.monotonic()
    while True:
        await asyncio.sleep(POLL_SECONDS)
        now = time.monotonic()
        seen = await _look(stack, day.elapsed_seconds + now - started)
        if not seen.world.clock_running:
            return day
        show(seen)
        busy_at = now if seen.restorations_pending else busy_at
        if now - busy_at >= RESTORATION_QUIET_SECONDS or now - started >= limit_seconds:
            return seen
