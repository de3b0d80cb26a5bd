"""The supervisor's wall: a screen takes its token once, shows what happens, and says when its figures are old."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from schemas.enums import Role
from schemas.text import IST
from tests.browser.busy_day import busy_day
from tests.browser.conftest import Sitting, Stage
from tests.browser.seat import PATIENCE_MS, Screen, Seat
from tests.factories import rrn
from tests.signed_in import headers_of

WALL = "**/api/v1/wall"
SCREENS: dict[str, tuple[Screen, ...]] = {
    "en": (("dark", 3840, 2160), ("light", 1366, 768)),
    "hi": (("dark", 1920, 1080), ("light", 1366, 768), ("light", 360, 740)),
}
WAITS = """(() => {
    window.waits = new Set();
    const [start, stop] = [window.setTimeout, window.clearTimeout];
    window.setTimeout = (run, delay, ...given) => {
        const timer = start(run, delay, ...given);
        if (delay === 20_000) window.waits.add(timer);
        return timer;
    };
    window.clearTimeout = (timer) => (window.waits.delete(timer), stop(timer));
    AbortSignal.timeout = () => (window.waits.add({}), new AbortController().signal);
})()"""
"""counts the waits for answers that are not over"""
CUT = """[...document.querySelectorAll(".wall section")]
    .filter((one) => one.scrollHeight > one.clientHeight + 1)
    .map((one) => one.className)"""
"""panels that do not show all that they have"""


async def shown(seat: Seat, *, age: timedelta = timedelta()) -> None:
    """Let a seat's wall have the figures of a busy day, and open it."""

    async def answer(route: Route) -> None:
        await route.fulfill(body=busy_day(age=age).model_dump_json(), content_type="application/json")

    await seat.page.route(WALL, answer)
    await seat.open("/wall")
    await seat.page.get_by_text("412", exact=True).wait_for()


async def test_a_display_takes_its_token_once_and_shows_what_happens(stage: Stage, sit: Sitting) -> None:
    headers = headers_of((await stage.officers("admin.displays", role=Role.ADMIN))["admin.displays"])
    asked = {"name": f"wall-{uuid4().hex[:8]}", "days": 30}
    made = await stage.engine.api.post("/api/v1/displays", json=asked, headers=headers)
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    seat = await sit("no session", theme="dark", width=1920, height=1080)
    await seat.context.clear_cookies()
    await seat.open("/wall")
    await seat.page.get_by_label("Token of the display").and_(seat.page.locator(":focus")).wait_for()
    assert await seat.violations() == []
    await seat.type("wrong")
    await seat.press("Enter")
    await seat.sees("This token is wrong, is over, or another screen has used it.")
    await seat.picture("wall-token-en-dark")
    await seat.press("Control+a")
    await seat.type(token)
    await seat.press("Enter")
    await seat.sees("Over the limit now", "Live")
    assert await seat.pointer_moves() == 0
    kept = await seat.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + location.href")
    assert token not in kept

    complaints = seat.page.locator(".wall-top b").first
    await expect(complaints).to_have_text(re.compile(r"\d"), timeout=PATIENCE_MS)
    before = int((await complaints.inner_text()).replace(",", ""))
    bank = stage.engine.sim.institutions[0]
    first = {
        "payer": {"institution": stage.engine.sim.institutions[1].code, "account": "38920117654"},
        "payee": {"institution": bank.code, "account": "50100000000001"},
        "amount_paise": 5_000_00,
        "rrn": rrn(),
        "mode": "imps",
        "transferred_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
    }
    began_on = datetime.now(IST).date()
    await stage.engine.complain(first)
    await expect(complaints).not_to_have_text(f"{before:,}", timeout=PATIENCE_MS)
    await seat.picture("wall-real-en-dark")

    # The line breaks: the figures stay, and the wall says that they are old; then it goes on by itself.
    await seat.context.set_offline(offline=True)
    await seat.sees("Call the desk.")
    counted = int((await complaints.inner_text()).replace(",", ""))
    assert counted > before or datetime.now(IST).date() != began_on, "it counts from midnight"
    await seat.context.set_offline(offline=False)
    await seat.sees("Live")


@pytest.mark.world
async def test_a_busy_day_is_read_on_every_screen(stage: Stage, sit: Sitting) -> None:
    seat = await sit((await stage.officers("supervisor.wall", role=Role.SUPERVISOR))["supervisor.wall"])
    await seat.page.add_init_script(WAITS)
    await shown(seat)
    # A wait that outlives its answer keeps it in memory, and a wall reads for weeks.
    await seat.page.wait_for_function("window.waits.size === 0")
    for language, screens in SCREENS.items():
        if language == "hi":
            await seat.speak("hi")
            await seat.page.get_by_text("412", exact=True).wait_for()
        for theme, width, height in screens:
            await seat.is_read(f"wall-{language}", (theme, width, height))
            if width >= 1366:
                # No one scrolls a wall, so no panel may cut what it says.
                assert await seat.page.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
                assert await seat.page.evaluate(CUT) == []


@pytest.mark.world
async def test_old_figures_are_said_to_be_old(stage: Stage, sit: Sitting) -> None:
    token = (await stage.officers("supervisor.old", role=Role.SUPERVISOR))["supervisor.old"]
    seat = await sit(token, theme="dark", width=1920, height=1080)
    await shown(seat, age=timedelta(minutes=6, seconds=20))
    await seat.sees("No news for 6.", "not known since")
    assert await seat.violations() == []
    await seat.picture("wall-old-en-dark")


@pytest.mark.world
async def test_the_wall_loads_itself_again_in_a_quiet_minute(stage: Stage, sit: Sitting) -> None:
    token = (await stage.officers("supervisor.quiet", role=Role.SUPERVISOR))["supervisor.quiet"]
    seat = await sit(token, theme="dark", width=1920, height=1080)
    loads: list[str] = []
    seat.page.on("load", lambda page: loads.append(page.url))
    begun = datetime.now(UTC)
    # The next seventh minute of an hour in India that is half an hour away.
    hour = begun.replace(minute=37, second=10, microsecond=0)
    quiet = next(at for n in range(3) if (at := hour + timedelta(hours=n)) > begun + timedelta(minutes=31))
    is_late = False

    async def answer(route: Route) -> None:
        # A browser that is driven by a test keeps its clock ahead when it loads again: so the minute is over then.
        ahead = quiet - begun + timedelta(minutes=10 * (len(loads) - 1)) if is_late else timedelta()
        said = format_datetime(datetime.now(UTC) + ahead, usegmt=True)
        await route.fulfill(
            body=busy_day(age=-ahead).model_dump_json(), content_type="application/json", headers={"Date": said}
        )

    await seat.page.clock.install()
    await seat.page.route(WALL, answer)
    await seat.open("/wall")
    await seat.page.get_by_text("412", exact=True).wait_for()
    is_late = True
    await seat.page.clock.fast_forward(int((quiet - begun).total_seconds() * 1000))
    async with seat.page.expect_event("load", timeout=PATIENCE_MS):
        await seat.page.clock.run_for(5_000)
