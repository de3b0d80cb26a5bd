"""Officers of the simulated world sign in with a password and an authenticator."""

import asyncio
import time
from collections.abc import AsyncIterator

import orjson
import pyotp
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.net.http_client import HttpClientError
from simulator.people import callers
from simulator.people.callers import Person, ScriptToken
from simulator.people.officers import Officers
from simulator.server import QuietServer, listen, until

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LATE_STEPS = 10
"""how late a code may come: the steps are short here, and a busy machine takes its time"""


class Door:
    """A door that takes each code once, and knows one session at a time."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.session = 0
        self.ends_after_sign_in = False
        self.forged = 0
        self.url = ""

    async def sign_in(self, request: Request) -> Response:
        typed = orjson.loads(await request.body())
        totp, step = pyotp.TOTP(SECRET, interval=callers.STEP_SECONDS), int(time.time()) // callers.STEP_SECONDS
        good = {totp.generate_otp(step - late) for late in range(LATE_STEPS)}
        if typed["password"] != "right" or typed["code"] not in good - set(self.codes):
            return JSONResponse({}, 401)
        self.codes.append(typed["code"])
        self.session += 1
        answer = JSONResponse({"csrf_token": f"csrf {self.session}"}, 201)
        answer.set_cookie("__Host-goldenhour", str(self.session), secure=True, httponly=True)
        return answer

    async def work(self, request: Request) -> Response:
        if request.headers.get("cookie") != f"__Host-goldenhour={self.session}":
            return JSONResponse({}, 401)
        self.forged += request.headers.get("x-csrf-token") != f"csrf {self.session}"
        return JSONResponse({"session": self.session})


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setattr(callers, "STEP_SECONDS", 1)
    found = Door()
    routes = [Route("/api/v1/session", found.sign_in, methods=["POST"]), Route("/work", found.work, methods=["POST"])]
    sock = listen("127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    server = QuietServer(uvicorn.Config(Starlette(routes=routes), log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve([sock]))
    await until(lambda: server.started)
    yield found
    server.should_exit = True
    await serving


async def test_a_person_signs_in_once_and_again_when_the_session_is_over(door: Door) -> None:
    officers, person = Officers(door.url, 5), Person("io.verma", "right", SECRET)
    answers = await asyncio.gather(*(officers.call("POST", "/work", person, {}) for _ in range(4)))
    assert answers == [(200, {"session": 1})] * 4
    door.session += 1
    assert await officers.call("POST", "/work", person, {}) == (200, {"session": 3})
    officers.close()
    assert len(door.codes) == 2, "no code is typed twice"
    assert door.forged == 0


async def test_a_person_whose_code_was_used_elsewhere_types_the_next(door: Door) -> None:
    officers = Officers(door.url, 5)
    for session in (1, 2):
        person = Person("io.verma", "right", SECRET)
        assert await officers.call("POST", "/work", person, {}) == (200, {"session": session})
    officers.close()


async def test_a_person_who_cannot_sign_in_says_so(door: Door) -> None:
    officers = Officers(door.url, 5)
    with pytest.raises(HttpClientError, match=r"io\.verma cannot sign in: HTTP 401"):
        await officers.call("POST", "/work", Person("io.verma", "wrong", SECRET), {})
    assert await officers.call("POST", "/work", ScriptToken("t"), {}) == (401, {})
    officers.close()
