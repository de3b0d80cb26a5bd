"""`goldenhour bench console`: how soon officers see what another one does, and what their streams cost.

Officers have streams of their queue. One more officer claims and releases work items at an even rate. It measures the
time from the moment at which a verb is sent to the arrival of its event on each stream. The processor time of the
engine counts beside the streams, and without them before and after. The rest phase shows what the streams cost while
nothing happens.

Then it measures in a browser what officers wait for (`benchmarks/browser.py`), on a queue of thousands of items.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from activities.officers.enrolment import import_officers
from activities.officers.sign_in import sign_session
from activities.secrets import Purpose, SecretBox
from activities.sessions import new_token, token_digest
from api.officers.sessions import COOKIE, CSRF_HEADER, csrf_token
from benchmarks import browser
from benchmarks.aims import Aim, at_least, at_most, exactly
from benchmarks.complaints import TIMEOUT_SECONDS, Run
from benchmarks.cost import Cost, Meter, metered
from benchmarks.measuring import Progress, baseline, finish, machine, memory_mib, own_stack, quantiles
from db.officers import sessions
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry
from schemas.officers.sign_in import SignInWay
from simulator import Knobs
from workers.home import secret_key
from workers.simulated import SimulatedStack

BANKS: Final = 8
ITEMS: Final = 40
POLL_SECONDS: Final = 0.5
MS_IN_SECOND: Final = 1_000
SETTLE_SECONDS: Final = 3.0
LAST_EVENT_SECONDS: Final = 30.0
"""limit for the events of the last verbs; the wait ends with the last event"""
OPEN_LIMIT_SECONDS: Final = 60.0
SHIFT: Final = timedelta(hours=12)
TELLING_STREAMS: Final = 200
TELLING_VERBS: Final = 100
"""streams and verbs from which on the figures tell something"""
NOT_THE_ENGINE: Final = frozenset({"simulator", "bench"})

SERVERS: Final = ("officers", "postgres")
"""the processes that serve streams; the others' difference is chance"""

_Version = tuple[int, int]
"""id of a work item, and its version"""


async def main(
    streams: int = 200,
    events_per_second: float = 2.0,
    seconds: float = 60.0,
    items: int = 5_000,
    openings: int = 10,
    verbs: int = 100,
    calls: int = 50,
    updates: int = 2_000,
    transfers: int = browser.TRANSFERS,
    seed: int = 7,
    without_browser: bool = False,
) -> dict[str, Any]:
    """Run the benchmark; return the effect of verbs on streams, the cost of the streams, and the aims.

    `items`, `openings`, `verbs`, `calls`, `updates` and `transfers` are for the browser. Raises `Failed` if there is
    none.
    """
    sizes = browser.Sizes(items, openings, verbs, calls, updates, transfers)
    if not without_browser:
        browser.check()
    config = {
        "seed": seed,
        "complaints": 0,
        "institutions": BANKS,
        "clock_factor": 1.0,
        "knobs": Knobs.none().model_dump(),
        "classes": {"api": 1.0, "seat": 0.0, "mail": 0.0},
    }
    with Progress("console") as progress:
        async with (
            own_stack(config, progress, with_restoration=False, over_tls=True) as stack,
            Run.opened(stack) as run,
        ):
            progress.step("warming up")
            cookies = await _officers(stack, "console", streams + 1, Role.DESK)
            async with _Desk.opened(stack, run, cookies[0]) as desk, metered(stack) as meter:
                figures = await _phases(desk, meter, cookies[1:], events_per_second, seconds, progress)
                if not without_browser:
                    await desk.release_all()
                    seats = await _seats(stack)
                    figures |= {"browser": await browser.measure(run, seats, sizes, desk.act, progress)}
            figures |= {"memory_mib": memory_mib(stack)}
        figures |= {
            "streams": streams,
            "events_per_second": events_per_second,
            "seconds": seconds,
            "seed": seed,
            "baseline": await baseline(progress),
            "machine": machine(),
        }
    own_aims = aims(streams, round(events_per_second * seconds))
    return finish("console", figures, own_aims if without_browser else [*own_aims, *browser.aims(sizes)])


# -- officers ----------------------------------------------------------------------------------------------------------


async def _officers(stack: SimulatedStack, prefix: str, count: int, role: Role) -> list[str]:
    """Write officers of a role with a session each; return the cookies' values."""
    names = [f"{prefix}{number}" for number in range(count)]
    entries = [OfficerEntry(officer_id=name, name=f"Officer {name}", roles=(role,)) for name in names]
    await import_officers(stack.pool, entries, "command:bench")
    key = SecretBox(secret_key(stack.services.settings)).derive_key(Purpose.SESSIONS)
    tokens = [new_token() for _ in names]
    async with stack.pool.acquire() as connection, connection.transaction():
        for name, token in zip(names, tokens, strict=True):
            digest = token_digest(token)
            signature = sign_session(key, name, digest)
            await sessions.begin(connection, digest, signature, name, "127.0.0.1", "bench", SignInWay.CODE, SHIFT)
    return tokens


async def _seats(stack: SimulatedStack) -> browser.Seats:
    first, second = await _officers(stack, "seat", 2, Role.DESK)
    (caller,) = await _officers(stack, "caller", 1, Role.INTAKE)
    (supervisor,) = await _officers(stack, "supervisor", 1, Role.SUPERVISOR)
    return browser.Seats(first, second, caller, supervisor)


def _headers(token: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={token}", CSRF_HEADER: csrf_token(token)}


@dataclass
class _Desk:
    """One officer who claims and releases work items, and when each verb was sent."""

    api: httpx.AsyncClient
    items: list[tuple[int, int]]
    """work items, with their versions"""
    sent_at: dict[_Version, float] = field(default_factory=dict)
    """by work item and the version that the verb makes"""
    verb_ms: list[float] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def opened(cls, stack: SimulatedStack, run: Run, token: str) -> "AsyncIterator[_Desk]":
        """Let complaints name an unknown bank, so that each asks the desk, and open a client."""
        await run.complain_of_unknown_banks(ITEMS)
        async with httpx.AsyncClient(
            base_url=stack.running.api_url, headers=_headers(token), timeout=TIMEOUT_SECONDS
        ) as api:
            desk = cls(api, [])
            while len(desk.items) < ITEMS:
                await asyncio.sleep(POLL_SECONDS)
                await desk.read()
            yield desk

    async def read(self) -> None:
        """Read the first work items as they are now."""
        answer = await self.api.get("/api/v1/desk/tasks", params={"limit": ITEMS})
        answer.raise_for_status()
        self.items = [(item["task_id"], item["version"]) for item in answer.json()["items"]]

    async def work(self, per_second: float, seconds: float) -> None:
        """Claim and release the items in turn, at an even rate."""
        began = time.monotonic()
        for number, (place, verb) in zip(range(round(per_second * seconds)), self._turns(), strict=False):
            await asyncio.sleep(max(began + number / per_second - time.monotonic(), 0))
            await self._do(place, verb)
        await asyncio.sleep(max(began + seconds - time.monotonic(), 0))

    async def act(self, count: int) -> None:
        """Claim and release the first items of now in turn, one verb after the other."""
        await self.read()
        for place, verb in itertools.islice(self._turns(), count):
            await self._do(place, verb)

    async def release_all(self) -> None:
        """Release what is claimed still, because a phase may end within a pass."""
        for place, (_, version) in enumerate(self.items):
            if version % 2:
                await self._do(place, "release")

    def _turns(self) -> Iterator[tuple[int, str]]:
        # Each pass claims every item or releases every item; a phase may end within a pass.
        for place in itertools.cycle(range(len(self.items))):
            yield place, "claim" if self.items[place][1] % 2 == 0 else "release"

    async def _do(self, place: int, verb: str) -> None:
        task_id, version = self.items[place]
        self.sent_at[task_id, version + 1] = began = time.monotonic()
        answer = await self.api.post(f"/api/v1/desk/tasks/{task_id}/{verb}", json={"version": version})
        answer.raise_for_status()
        self.verb_ms.append((time.monotonic() - began) * MS_IN_SECOND)
        self.items[place] = task_id, answer.json()["version"]


# -- streams -----------------------------------------------------------------------------------------------------------


@dataclass
class _Stream:
    """A stream of one officer, as it is read."""

    seen_at: dict[_Version, float] = field(default_factory=dict)
    """when the stream showed each version of a work item first"""
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    async def read(self, url: str, token: str) -> None:
        """Read until the stream ends."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
        head = (
            "GET /api/v1/stream?topics=queue HTTP/1.1",
            f"Host: {parts.netloc}",
            "Accept: text/event-stream",
            f"Cookie: {COOKIE}={token}",
        )
        writer.write("\r\n".join((*head, "", "")).encode())
        try:
            # A part of the stream is a chunk of whole lines, so the sizes of the chunks are lines too.
            async for line in reader:
                if line.startswith(b"data: "):
                    self._take(orjson.loads(line[6:]))
            self.ended = True
        finally:
            writer.close()

    def _take(self, event: Mapping[str, Any]) -> None:
        if event["kind"] == "opening":
            self.opened.set()
        elif event["kind"] == "task" and event["data"] is not None:
            self.seen_at.setdefault((event["data"]["task_id"], event["data"]["version"]), time.monotonic())


@asynccontextmanager
async def _streams(desk: _Desk, tokens: list[str]) -> AsyncIterator[list[_Stream]]:
    """Have a stream for each session while the block runs."""
    streams = [_Stream() for _ in tokens]
    url = str(desk.api.base_url)
    tasks = [asyncio.create_task(stream.read(url, token)) for stream, token in zip(streams, tokens, strict=True)]
    try:
        async with asyncio.timeout(OPEN_LIMIT_SECONDS):
            await asyncio.gather(*(stream.opened.wait() for stream in streams))
        yield streams
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _last_events(desk: _Desk, streams: Sequence[_Stream]) -> None:
    """Wait until every stream has shown what every verb made, for a limited time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_EVENT_SECONDS):
            while not all(desk.sent_at.keys() <= stream.seen_at.keys() for stream in streams):  # noqa: ASYNC110 - streams set no event
                await asyncio.sleep(POLL_SECONDS)


# -- figures -----------------------------------------------------------------------------------------------------------


async def _phases(
    desk: _Desk, meter: Meter, tokens: list[str], per_second: float, seconds: float, progress: Progress
) -> dict[str, Any]:
    async def measured(step: str, rate: float, duration: float) -> Cost:
        progress.step(step)
        await meter.sample()
        began = time.monotonic()
        await desk.work(rate, duration)
        await meter.sample()
        return meter.between(began, time.monotonic())

    await desk.work(per_second, SETTLE_SECONDS)
    before = await measured("verbs without streams", per_second, seconds / 2)
    progress.step(f"{len(tokens)} streams open")
    async with _streams(desk, tokens) as streams:
        await asyncio.sleep(SETTLE_SECONDS)
        rest = await measured("streams without verbs", 0, seconds / 2)
        desk.sent_at.clear()
        beside = await measured("verbs beside streams", per_second, seconds)
        await _last_events(desk, streams)
        ended = sum(stream.ended for stream in streams)
    effects = effects_ms(desk.sent_at, [stream.seen_at for stream in streams])
    verbs = len(desk.sent_at)
    after = await measured("verbs without streams again", per_second, seconds / 2)
    return {
        "stream_effect_ms": quantiles(effects),
        "verb_ms": quantiles(desk.verb_ms),
        "verbs": verbs,
        "events_missing": verbs * len(streams) - len(effects),
        "streams_ended": ended,
        **shares([before, after], beside, rest),
    }


def effects_ms(sent_at: Mapping[_Version, float], seen: Sequence[Mapping[tuple[int, int], float]]) -> list[float]:
    """Return the time from each verb to its event on each stream that showed it."""
    return [
        (seen_at[version] - moment) * MS_IN_SECOND
        for version, moment in sent_at.items()
        for seen_at in seen
        if version in seen_at
    ]


def shares(without: Sequence[Cost], beside: Cost, rest: Cost) -> dict[str, Any]:
    """Return the share of a core that the engine uses with and without streams, by process.

    The price of the streams is the difference at the processes that serve them.
    """
    alone_seconds = sum(cost.seconds for cost in without)
    roles = sorted(beside.cpu_seconds.keys() - NOT_THE_ENGINE)
    alone = {role: sum(cost.cpu_seconds.get(role, 0.0) for cost in without) / alone_seconds for role in roles}
    with_streams = {role: beside.cpu_seconds[role] / beside.seconds for role in roles}
    resting = {role: rest.cpu_seconds.get(role, 0.0) / rest.seconds for role in roles}
    return {
        "cpu_share_alone": {role: round(share, 4) for role, share in alone.items()},
        "cpu_share_beside": {role: round(share, 4) for role, share in with_streams.items()},
        "cpu_share_at_rest": {role: round(share, 4) for role, share in resting.items()},
        "streams_cpu_share": round(sum(with_streams[role] - alone[role] for role in SERVERS), 4),
    }


def aims(streams: int, verbs: int) -> list[Aim]:
    """Return the aims; few streams or verbs show nothing, and have only those that always hold."""
    chosen = [exactly("streams_ended", 0), exactly("events_missing", 0), at_least("stream_effect_ms.count", 1)]
    if streams < TELLING_STREAMS or verbs < TELLING_VERBS:
        return chosen
    return [*chosen, at_most("stream_effect_ms.p99", 100), at_most("streams_cpu_share", 0.10)]
