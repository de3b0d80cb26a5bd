"""The case log as a stream, over a real server on loopback: live, resumed, bounded, and no hindrance to a stop."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from activities.sessions import new_token
from api import server
from api.case import cases
from api.officers.tokens import Tokens
from api.problems import Refused
from api.server import serve
from api.services import Services
from api.streams import CASE_EVENTS, EventHub
from schemas.enums import Role
from tests.api.conftest import Doors, NotingNotifier, line, transfer
from tests.api.officers.test_jurisdiction import assign
from tests.signed_in import begin_sessions, headers_of

WAIT_SECONDS = 10.0
HOUR_SECONDS = 3600
STOP_SECONDS = 240.0
"""ends a test that hangs"""


@dataclass
class Running:
    """A server that runs, and how it is told to stop."""

    doors: Doors
    url: str
    stop: asyncio.Event
    task: asyncio.Task[None]

    @asynccontextmanager
    async def stream(self, ack_no: str, **headers: str) -> AsyncIterator["Reader"]:
        """A stream of a case's events."""
        wanted = {**self.doors.officer(Role.DESK), "Accept": "text/event-stream", **headers}
        async with self.doors.client.stream("GET", f"/api/v1/cases/{ack_no}/events", headers=wanted) as response:
            yield Reader(response)


class Reader:
    """Reads a stream event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def block(self) -> dict[str, str]:
        """The fields of the next block; a comment stands under an empty name."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(WAIT_SECONDS):
            async for text in self._lines:
                if not text:
                    return fields
                name, _, value = text.partition(":")
                fields[name] = value.strip()
        raise EOFError

    async def rest(self) -> int:
        """How many lines come until the stream ends."""
        async with asyncio.timeout(WAIT_SECONDS):
            return len([text async for text in self._lines if text])

    async def event(self) -> dict[str, Any]:
        """The next event, its name and id checked against its data."""
        while "data" not in (fields := await self.block()):
            pass
        data: dict[str, Any] = json.loads(fields["data"])
        assert (fields["event"], fields["id"]) == (data["kind"], str(data["seq"]))
        return data

    async def opening(self) -> None:
        """Read the two events of a complaint about one transfer."""
        assert [(await self.event())["kind"] for _ in range(2)] == ["case_opened", "request_sent"]


@pytest.fixture
async def running(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """The API on a free port of loopback."""
    # A stop that waited for an open stream would last as long as the server lets requests finish.
    monkeypatch.setattr(server, "STOP_LIMIT_SECONDS", HOUR_SECONDS)
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(services, host="127.0.0.1", port=0, stop=stop, started=url.set_result))
    async with httpx.AsyncClient(base_url=await url, timeout=WAIT_SECONDS, trust_env=False) as client:
        assert isinstance(services.notifier, NotingNotifier)
        doors = Doors(None, client, services, services.notifier, Tokens(services.keys))  # type: ignore[arg-type]
        yield Running(doors, url.result(), stop, task)
        stop.set()
        await task


async def test_events_come_as_they_are_written(running: Running) -> None:
    ack_no = (await running.doors.complain())["ack_no"]
    async with running.stream(ack_no) as reader:
        assert reader.response.headers["content-type"].startswith("text/event-stream")
        assert reader.response.headers["x-request-id"]
        assert (await reader.block()) == {"retry": "2000"}
        await reader.opening()
        await running.doors.answer("SBIN", ack_no, line("held"))
        assert (await reader.event())["kind"] == "answer_received"


async def test_a_stream_hears_only_its_own_case(running: Running) -> None:
    one = (await running.doors.complain())["ack_no"]
    other = (await running.doors.complain(transfers=[transfer(rrn="499999999999")]))["ack_no"]
    async with running.stream(one) as reader:
        await reader.opening()
        await running.doors.answer("SBIN", other, line("held", "499999999999"))
        await running.doors.answer("SBIN", one, line("held"))
        assert (await reader.event())["data"]["closed"] == [1]


async def test_a_stream_goes_on_where_it_was_cut_off(running: Running) -> None:
    ack_no = (await running.doors.complain())["ack_no"]
    for paise in range(1, 6):
        await running.doors.answer("SBIN", ack_no, line("held", amount=f"{paise}.00", disputed_amount=f"{paise}.00"))
    everything = (await running.doors.read(f"/api/v1/cases/{ack_no}/events", limit=500))["items"]
    seqs = [event["seq"] for event in everything]
    async with running.stream(ack_no, **{"Last-Event-ID": "3"}) as reader:
        found = [(await reader.event())["seq"] for _ in seqs[3:]]
    assert found == seqs[3:]
    async with running.stream(ack_no, **{"Last-Event-ID": str(seqs[-1])}) as reader:
        await running.doors.answer("SBIN", ack_no, line("held", amount="9.00", disputed_amount="9.00"))
        assert (await reader.event())["seq"] == seqs[-1] + 1


async def test_a_long_log_comes_whole_and_in_order(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "READ_AT_ONCE", 3)
    ack_no = (await running.doors.complain())["ack_no"]
    answers = (
        running.doors.answer("SBIN", ack_no, line("held", amount=f"{n}.00", disputed_amount=f"{n}.00"))
        for n in range(1, 11)
    )
    async with running.stream(ack_no) as reader:
        await asyncio.gather(*answers)
        seqs = [(await reader.event())["seq"] for _ in range(12)]
    assert seqs == list(range(1, 13))


async def test_a_silent_stream_is_kept_open(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "KEEP_ALIVE_SECONDS", 0.05)
    ack_no = (await running.doors.complain())["ack_no"]
    async with running.stream(ack_no) as reader:
        await reader.opening()
        assert await reader.block() == {"": "keep-alive"}


async def test_a_lost_connection_to_the_database_loses_no_event(running: Running) -> None:
    pool = running.doors.services.ctx.pool
    ack_no = (await running.doors.complain())["ack_no"]
    async with running.stream(ack_no) as reader:
        await reader.opening()
        killed = await pool.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
        assert killed == 1
        await running.doors.answer("SBIN", ack_no, line("held"))
        assert (await reader.event())["kind"] == "answer_received"


async def test_there_are_only_so_many_streams(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.doors.services.case_hub, "_most_of_one", 1)
    ack_no = (await running.doors.complain())["ack_no"]
    async with running.stream(ack_no) as first:
        await first.event()
        async with running.stream(ack_no) as second:
            assert second.response.status_code == 429
            await second.response.aread()
            assert second.response.json()["type"] == "urn:goldenhour:problem:too-many"
    for _ in range(100):
        async with running.stream(ack_no) as third:
            if third.response.status_code == 200:
                return
        await asyncio.sleep(0.02)
    raise AssertionError("the place of a stream that ended is never free")


async def test_a_stream_ends_with_its_session(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "KEEP_ALIVE_SECONDS", 0.5)
    ack_no = (await running.doors.complain())["ack_no"]
    # Long enough for a busy machine to read the first event before the session ends.
    short, services = new_token(), running.doors.services
    await begin_sessions(services.ctx.pool, services.keys, {short: "officer1"}, timedelta(seconds=5))
    async with running.stream(ack_no, **headers_of(short)) as reader:
        await reader.opening()
        assert await reader.rest() <= 20, "comments alone"


async def test_a_stream_ends_when_another_officer_gets_the_case(running: Running) -> None:
    doors = running.doors
    ack_no = (await doors.complain())["ack_no"]
    await doors.post_officer("io1")
    assert await assign(doors, ack_no, "io1") == 201
    async with running.stream(ack_no, **doors.officer(Role.IO, "io1")) as reader:
        await reader.opening()
        assert (await reader.event())["kind"] == "officer_assigned"
        assert await assign(doors, ack_no, "io2") == 201
        assert await reader.rest() == 0, "not even who has it now"


@pytest.mark.parametrize("last", ["-1", "abc", str(2**63)])
async def test_an_odd_last_id_is_a_problem(running: Running, last: str) -> None:
    ack_no = (await running.doors.complain())["ack_no"]
    async with running.stream(ack_no, **{"Last-Event-ID": last}) as reader:
        await reader.response.aread()
        assert reader.response.status_code == 422
        assert reader.response.json()["violations"][0]["field"] == "Last-Event-Id"


async def test_a_case_that_is_not_there_has_no_stream(running: Running) -> None:
    async with running.stream("29999999999999") as reader:
        assert reader.response.status_code == 404


async def test_open_streams_do_not_hold_up_a_stop(running: Running) -> None:
    ack_no = (await running.doors.complain())["ack_no"]
    async with running.stream(ack_no) as first, running.stream(ack_no) as second:
        await first.opening()
        await second.opening()
        running.stop.set()
        async with asyncio.timeout(STOP_SECONDS):
            await running.task
        for reader in (first, second):
            with pytest.raises(EOFError):
                await reader.block()


async def test_a_request_under_way_is_finished_before_a_stop(running: Running) -> None:
    running.doors.officer(Role.INTAKE)
    await running.doors.come()
    running.doors.client.event_hooks["request"].clear()
    complaint = asyncio.create_task(running.doors.complain())
    await asyncio.sleep(0.005)
    running.stop.set()
    receipt = await complaint
    await running.task
    count = await running.doors.services.ctx.pool.fetchval(
        "SELECT count(*) FROM complaint WHERE ack_no = $1", receipt["ack_no"]
    )
    assert count == 1


CHUNKS = 2_000
"""more of a refused body than the server takes before it closes the connection"""


async def test_a_body_that_never_ends_is_cut_off_by_the_server(running: Running) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(CHUNKS):
            sent += 65_536
            yield b" " * 65_536
            await asyncio.sleep(0)

    headers = {**running.doors.officer(Role.INTAKE), "Content-Type": "application/json", "Idempotency-Key": "k"}
    try:
        response = await running.doors.client.post("/api/v1/complaints", content=endless(), headers=headers)
        assert response.status_code == 413
    except httpx.NetworkError:
        """The server has closed the connection while we still wrote."""
    assert sent < CHUNKS * 65_536
    assert (await running.doors.client.get("/healthz")).status_code == 200


async def test_a_taken_port_is_an_error(running: Running, services: Services) -> None:
    port = int(running.url.rpartition(":")[2])
    with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
        await serve(services, host="127.0.0.1", port=port, stop=asyncio.Event())


async def test_a_hub_that_closes_takes_no_more(services: Services) -> None:
    hub = EventHub(services.listener, CASE_EVENTS, most=1, most_of_one=1)
    await hub.listening()
    hub.close()
    with pytest.raises(Refused), hub.subscribed("29999999999999", "officer:x"):
        pass
