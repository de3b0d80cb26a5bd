"""Streams end with the session, the role or the token of their caller, in every process and without a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from activities.officers import script_tokens
from activities.officers.enrolment import import_officers
from activities.officers.sign_in import Begun, SignInChecks
from api.officers.caller_streams import LOOKED_EVERY_SECONDS
from api.officers.tokens import Officer
from api.server import serve
from api.services import Services
from schemas.enums import Role
from schemas.officers.officers import NewScriptToken, OfficerEntry
from schemas.officers.sign_in import SessionEnd, SignInWay
from tests.api.conftest import Doors, NotingNotifier
from tests.api.test_streams import Reader
from tests.clock import Clock, at_clock
from tests.officers import enrol
from tests.signed_in import headers_of

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
async def stream(client: httpx.AsyncClient, headers: dict[str, str], ack_no: str) -> AsyncIterator[Reader]:
    wanted = {**headers, "Accept": "text/event-stream"}
    async with client.stream("GET", f"/api/v1/cases/{ack_no}/events", headers=wanted) as response:
        assert response.status_code == 200
        yield Reader(response)


@pytest.mark.parametrize("how", ["ended by an admin", "disabled"])
async def test_the_stream_of_a_session_that_is_over_ends(services: Services, doors: Doors, how: str) -> None:
    assert isinstance(services.notifier, NotingNotifier)
    ack_no = (await doors.complain())["ack_no"]
    ravi, meena = await begun(services, "ravi", Role.DESK), await begun(services, "meena", Role.DESK)
    async with (
        running(services) as client,
        stream(client, headers_of(ravi.token), ack_no) as reader,
        stream(client, headers_of(meena.token), ack_no) as other,
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


async def test_c2_the_stream_of_a_role_that_was_taken_away_ends(services: Services, doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    ravi = await begun(services, "ravi", Role.DESK)
    async with running(services) as client, stream(client, headers_of(ravi.token), ack_no) as reader:
        await reader.opening()
        await enrol(services.ctx.pool, ["ravi"], [Role.INTAKE])
        assert await reader.rest() == 0


async def test_c2_the_stream_of_a_revoked_token_ends(services: Services, doors: Doors) -> None:
    pool, ack_no = services.ctx.pool, (await doors.complain())["ack_no"]
    new = [NewScriptToken(name=name, roles=(Role.AUDITOR,), days=1) for name in ("watches", "stays")]
    (token_id, token), (_, other_token) = [await script_tokens.issue(pool, one, "command:test") for one in new]
    bearing = [{"Authorization": f"Bearer {one}"} for one in (token, other_token)]
    async with (
        running(services) as client,
        stream(client, bearing[0], ack_no) as reader,
        stream(client, bearing[1], ack_no) as other,
    ):
        await reader.opening()
        await other.opening()
        await script_tokens.revoke(pool, token_id, "command:test")
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
    ).caller_watch
    ravi = Officer("ravi", frozenset({Role.DESK}), clock.at.timestamp(), session.session_id)
    with watch.watched(ravi, {Role.DESK}, lambda: None) as mine:
        clock.at += timedelta(seconds=1_799)
        await watch.look()
        assert [mine.is_over] == [False]
        clock.at += timedelta(seconds=1)
        await watch.look()
        assert [mine.is_over] == [True]
    await watch.close()


def test_the_end_is_seen_within_a_second() -> None:
    assert timedelta(seconds=LOOKED_EVERY_SECONDS) < LIVE
