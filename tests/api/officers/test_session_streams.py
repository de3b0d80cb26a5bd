"""Streams of a session end with it, in every process and without a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from activities.officers.enrolment import import_officers
from activities.officers.sign_in import Begun, SignInChecks
from api.officers.session_streams import LOOKED_EVERY_SECONDS
from api.officers.sessions import COOKIE
from api.server import serve
from api.services import Services
from schemas.enums import Role
from schemas.officers import OfficerEntry
from schemas.sign_in import SessionEnd, SignInWay
from tests.api.conftest import Doors, NotingNotifier
from tests.api.test_streams import Reader
from tests.clock import Clock, at_clock

LIVE = timedelta(seconds=1)


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """The API on a free port of loopback."""
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(services, host="127.0.0.1", port=0, stop=stop, started=url.set_result))
    async with httpx.AsyncClient(base_url=await url, timeout=60, trust_env=False) as client:
        yield client
        stop.set()
        await task


async def begun(services: Services, name: str, *roles: Role) -> Begun:
    """A session of an officer with these roles."""
    pool = services.ctx.pool
    await import_officers(pool, [OfficerEntry(officer_id=name, name=f"Officer {name}", roles=roles)], "command:test")
    session = await SignInChecks(services.ctx, services.keys).begin(name, "", "", SignInWay.CODE)
    assert session is not None
    return session


@asynccontextmanager
async def stream(client: httpx.AsyncClient, session: Begun, ack_no: str) -> AsyncIterator[Reader]:
    headers = {"Cookie": f"{COOKIE}={session.token}", "Accept": "text/event-stream"}
    async with client.stream("GET", f"/api/v1/cases/{ack_no}/events", headers=headers) as response:
        assert response.status_code == 200
        yield Reader(response)


@pytest.mark.parametrize("how", ["ended by an admin", "disabled"])
async def test_the_stream_of_a_session_that_is_over_ends(services: Services, doors: Doors, how: str) -> None:
    assert isinstance(services.notifier, NotingNotifier)
    ack_no = (await doors.complain())["ack_no"]
    ravi, meena = await begun(services, "ravi", Role.DESK), await begun(services, "meena", Role.DESK)
    async with (
        running(services) as client,
        stream(client, ravi, ack_no) as reader,
        stream(client, meena, ack_no) as other,
    ):
        await reader.opening()
        await other.opening()
        if how == "disabled":
            change = "UPDATE officer SET disabled_at = now(), disabled_by = 'x' WHERE officer_id = 'ravi'"
        else:
            change = f"SELECT officer_sessions_end('ravi', 'officer:admin', '{SessionEnd.ENDED_BY_ADMIN}', 'left')"
        await services.ctx.pool.execute(change)
        assert await reader.rest() == 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * LOOKED_EVERY_SECONDS):
                await other.block()


async def test_a_stream_does_not_keep_its_session_alive(services: Services) -> None:
    session = (await begun(services, "ravi", Role.DESK)).session
    clock = Clock(session.began_at)
    watch = Services(
        ctx=at_clock(services.ctx, clock),
        notifier=services.notifier,
        keys=services.keys,
        temporal_answers=services.temporal_answers,
    ).session_watch
    with watch.watched(session.session_id, lambda: None) as mine, watch.watched(None, lambda: None) as tokens:
        clock.at += timedelta(seconds=1_799)
        await watch.look()
        assert [mine.is_over] == [False]
        clock.at += timedelta(seconds=1)
        await watch.look()
        assert [mine.is_over, tokens.is_over] == [True, False]
    await watch.close()


def test_the_end_is_seen_within_a_second() -> None:
    assert timedelta(seconds=LOOKED_EVERY_SECONDS) < LIVE
