"""One stack and one browser for all tests of this folder, which one pytest process runs."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from activities.officers.enrolment import add_team, make_link
from activities.officers.sign_in import code_at, step_at
from activities.sessions import new_token
from adapters.clock import wall_clock
from api.hosts import Site
from api.officers.sessions import COOKIE
from schemas.enums import Role
from schemas.officers.officers import TeamEntry
from simulator import Knobs, SimulatorConfig
from tests.browser.seat import Seat, keep_language
from tests.debian_programs import debian_program
from tests.e2e.live import Live, live
from tests.ground import Grounds
from tests.officers import enrol
from tests.paths import ROOT
from tests.signed_in import PASSWORD, begin_sessions
from workers.home import secret_box
from workers.host_client import local_client

HERE: Final = Path(__file__).parent
CLOCK_FACTOR = 60.0
LINK_SECONDS = 60.0
_SEALED: Final = re.compile(r'name="sealed" value="([^"]+)"')
_KEY: Final = re.compile(r'<dd id="key">([A-Z2-7 ]+)</dd>')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests out with `BROWSER=no`, named ones too; `tests/conftest.py` says so in the last line."""
    if os.environ.get("BROWSER") == "no":
        config.hook.pytest_deselected(items=[item for item in items if item.path.parent == HERE])
        items[:] = [item for item in items if item.path.parent != HERE]


@dataclass
class Stage:
    """The running stack, and the browser in which officers take their seats."""

    engine: Live
    browser: Browser

    @property
    def origin(self) -> str:
        """Where officers work."""
        found = self.engine.running.site_url(Site.DESK)
        assert found is not None, "the stack has TLS ports"
        return found

    async def officers(self, *names: str, role: Role) -> dict[str, str]:
        """Write officers of one role and one team; return the tokens of their sessions."""
        await enrol(self.engine.pool, names, [role])
        team = TeamEntry(name=f"Team {uuid4().hex[:8]}", members=names)
        await add_team(self.engine.pool, team, "command:test")
        tokens = {name: new_token() for name in names}
        keys = secret_box(self.engine.running.settings)
        await begin_sessions(self.engine.pool, keys, {token: name for name, token in tokens.items()})
        return tokens

    async def enrolled(self, name: str, *, role: Role) -> Callable[[], str]:
        """Write an officer of one role with an authenticator; return what shows its code."""
        await enrol(self.engine.pool, [name], [role])
        return await self.credentials(name)

    async def session(self, name: str, *, begun: timedelta = timedelta()) -> str:
        """Return the token of a session of an officer that began so long ago."""
        token = new_token()
        await begin_sessions(self.engine.pool, secret_box(self.engine.running.settings), {token: name}, begun=begun)
        return token

    async def credentials(self, name: str) -> Callable[[], str]:
        """Let an officer set `PASSWORD` and an authenticator by a link; return what shows its code."""
        pool = self.engine.pool
        async with pool.acquire() as connection, connection.transaction():
            link = await make_link(connection, name, "command:test", timedelta(minutes=15))
        authority = self.engine.running.authority_file
        async with local_client(self.origin, authority, LINK_SECONDS) as client:
            page = (await client.get(link.path)).text
            sealed, key = _SEALED.search(page), _KEY.search(page)
            assert sealed is not None, page
            assert key is not None, page
            secret = key[1].replace(" ", "")
            # The code before this one is still good, and the one of now is left for the sign-in.
            code = code_at(secret, step_at(wall_clock()) - 1)
            form = {"sealed": sealed[1], "code": code, "password": PASSWORD, "again": PASSWORD}
            answer = await client.post(link.path, data=form, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.is_success, answer.text
        return lambda: code_at(secret, step_at(wall_clock()))

    async def seat(
        self,
        token: str,
        *,
        language: Literal["en", "hi"] = "en",
        theme: Literal["light", "dark"] = "light",
        width: int = 1366,
        height: int = 768,
    ) -> Seat:
        """Let an officer sit down at a browser, signed in with this session."""
        context = await self.browser.new_context(
            ignore_https_errors=True,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            timezone_id="Europe/Lisbon",
            locale="en-IN",
            reduced_motion="reduce",
        )
        await self._keep(context, token)
        await keep_language(context, self.origin, language)
        return await Seat.taken(context, self.origin)

    async def sign_in_elsewhere(self, seat: Seat, name: str) -> None:
        """Let the officer of a seat have a new session, as another window of the same browser makes it."""
        await self._keep(seat.context, await self.session(name))

    async def _keep(self, context: BrowserContext, token: str) -> None:
        """Let a browser have the cookie of a session."""
        await context.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": token,
                    "url": f"{self.origin}/",
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Strict",
                }
            ]
        )


@pytest.fixture(scope="package")
def built() -> None:
    """The console as its sources are. `make test` builds it beside the first tests, and this waits for that."""
    command = [sys.executable, "requirements/console.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="package")
async def stage(tmp_path_factory: pytest.TempPathFactory, grounds: Grounds, built: None) -> AsyncIterator[Stage]:
    """The stack with banks that do as they are told, and a browser."""
    program = debian_program("chromium")
    config = SimulatorConfig(complaints=0, institutions=8, knobs=Knobs.none(), clock_factor=CLOCK_FACTOR)
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(grounds.made())
        engine = await stack.enter_async_context(
            live(tmp_path_factory.mktemp("browser"), config, ground, over_tls=True, long_acts=True)
        )
        engine.connect_banks()
        driver = await stack.enter_async_context(async_playwright())
        # Without a graphics card, software that imitates one costs a fifth more than to draw directly.
        switches = ["--disable-dev-shm-usage", "--disable-gpu"]
        browser = await driver.chromium.launch(executable_path=program, args=switches)
        stack.push_async_callback(browser.close)
        yield Stage(engine, browser)


Sitting = Callable[..., Awaitable[Seat]]


@pytest.fixture
async def sit(stage: Stage) -> AsyncIterator[Sitting]:
    """Seats of one test. Each is left at its end, which fails if its page had an error."""
    seats: list[Seat] = []

    async def taken(token: str, **how: object) -> Seat:
        seat = await stage.seat(token, **how)  # type: ignore[arg-type]
        seats.append(seat)
        return seat

    yield taken
    for seat in seats:
        await seat.leave()
