"""The part of `goldenhour bench console` in the browser, Debian's Chromium: what officers wait for.

It measures the first rows of a queue of thousands, the sight of a verb on the officer's own page and on another's, the
time from the key that sends a call to the bank's receipt of the request, and the memory of a page after thousands of
updates. Keys and sights have the times of the page, and receipts have the time of the simulator, on one machine. It
opens a case of tens of thousands of transfers too, which has changed since each opening before.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import orjson

from adapters.clock import wall_clock
from api.console_files import FILES
from api.hosts import Site
from api.officers.sessions import COOKIE
from api.public_pages import LANGUAGE_COOKIE
from benchmarks.aims import Aim, at_least, at_most
from benchmarks.complaints import Run
from benchmarks.measuring import MIB, Progress, quantiles
from db import connections, query_plans
from schemas.text import IST
from workers.commands.exits import Failed
from workers.embedded.postgres import ADMIN, OWNER

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

MS_IN_SECOND: Final = 1_000
PATIENCE_MS: Final = 30_000
LOOK_MS: Final = 5
LOOK_SECONDS: Final = 0.25
TELLING_ITEMS: Final = 5_000
"""items of the queue from which on the figures tell something"""
TELLING_VERBS: Final = 50
TELLING_CALLS: Final = 40
UPDATES: Final = 2_000
WARM_UPDATES: Final = 100
"""fewest updates before the first measurement of memory, so that what a page keeps once does not count

Half as many as are measured are better: the browser compiles the code that runs often, and keeps it once.
"""
SETTLE_SECONDS: Final = 3.0
MOST_SECONDS_A_READ: Final = 1.0
PAISE: Final = 25_000_00
TRANSFERS: Final = 36_000
LAYERS: Final = 12
READ_FASTER: Final = 40
"""the wall reads so many times as often, so that its updates of an hour come in minutes"""
_WATCHING: Final = """
window.seen = [];
const at = () => performance.timeOrigin + performance.now();
addEventListener("keydown", (event) => window.seen.push(["key", event.key, at()]), true);
let standing = "";
const look = () => {
  if (!window.firstRows && document.querySelector("[role=row][id^=item-]")) {
    window.firstRows = true;
    requestAnimationFrame(() => requestAnimationFrame(() => { window.firstRowsMs = performance.now(); }));
  }
  const row = window.watched && document.getElementById(window.watched);
  if (!row) return;
  const now = row.querySelector(".av.me") ? "mine" : row.classList.contains("other") ? "other" : "free";
  if (now === standing) return;
  standing = now;
  requestAnimationFrame(() => window.seen.push(["row", now, at()]));
};
new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
"""
"""notes keys, the first rows, and what the watched row says of its owner, each when the browser draws it"""
_FASTER: Final = f"""
for (const name of ["setTimeout", "setInterval"]) {{
  const real = window[name];
  window[name] = (run, delay, ...given) => real(run, delay === 2000 ? {2000 // READ_FASTER} : delay, ...given);
}}
"""
_DRAWN: Final = """
const real = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (...given) {
  if (!window.firstText) {
    window.firstText = true;
    requestAnimationFrame(() => requestAnimationFrame(() => { window.drawnMs = performance.now(); }));
  }
  return real.apply(this, given);
};
"""
"""notes when the browser draws the first text of a picture"""
_NEW_FIGURES: Final = """
window.reads = 0;
const real = window.fetch;
window.fetch = async (...given) => {
  const answer = await real(...given);
  if (!answer.ok || !answer.url.endsWith("/api/v1/wall")) return answer;
  const figures = await answer.json();
  window.reads += 1;
  figures.current.as_of = new Date().toISOString();
  figures.current.today.complaints += window.reads;
  return new Response(JSON.stringify(figures), {status: 200, headers: answer.headers});
};
"""
"""gives each read of the wall other figures, so that the page draws them"""

Verbs = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Seats:
    """Tokens of the sessions that sit at a browser."""

    first: str
    second: str
    caller: str
    supervisor: str


@dataclass(frozen=True)
class Sizes:
    """How much is done in the browser."""

    items: int
    openings: int
    verbs: int
    calls: int
    updates: int
    transfers: int


@dataclass
class _Room:
    """The browser, and where officers work."""

    browser: "Browser"
    origin: str
    run: Run
    progress: Progress

    async def page(self, token: str, *scripts: str) -> "Page":
        """Open an empty page with the session of an officer and the scripts that note what it shows."""
        context = await self.browser.new_context(ignore_https_errors=True, viewport={"width": 1366, "height": 768})
        await context.add_cookies(
            [{"name": COOKIE, "value": token, "url": f"{self.origin}/", "secure": True, "httpOnly": True}]
        )
        await context.add_cookies([{"name": LANGUAGE_COOKIE, "value": "en", "url": f"{self.origin}/", "secure": True}])
        for script in (_WATCHING, *scripts):
            await context.add_init_script(f"(() => {{{script}}})()")
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page


def check() -> str:
    """Return the path of the browser. Raises `Failed` if it, what drives it, or the pages are missing."""
    if find_spec("playwright") is None:
        raise Failed("the Python package playwright is missing; `make setup` installs it")
    browser_path = shutil.which("chromium")
    if browser_path is None:
        raise Failed("chromium is missing; as root, once: apt-get install --no-install-recommends chromium")
    if not any(FILES.glob("*.html")):
        raise Failed("the pages of the console are not built (console/dist); `make console` builds them")
    return browser_path


async def measure(run: Run, seats: Seats, sizes: Sizes, verbs: Verbs, progress: Progress) -> dict[str, Any]:
    """Measure in the browser on a desk with these items more; return the figures.

    `verbs` does so many verbs of another officer, one after the other.
    """
    items = sizes.items
    progress.step(f"{items} items for the desk")
    await run.complain_of_unknown_banks(items, progress=lambda done: progress.tick(f"{done} of {items} items"))
    async with _room(run, progress) as room:
        await _listed(room, seats.first)
        figures = {
            "first_rows_ms": quantiles(await _first_rows(room, seats.first, sizes.openings), 1),
            **await _verbs(room, seats, sizes.verbs),
            "enter_to_bank_ms": quantiles(await _calls(room, seats.caller, sizes.calls), 1),
            "desk_heap": await _desk_heap(room, seats.second, verbs, sizes.updates),
            "wall_heap": await _wall_heap(room, seats.supervisor, sizes.updates),
            "case_36000_open_ms": quantiles(await _large_case(room, seats.first, sizes), 1),
        }
    return {"items": items, "transfers": sizes.transfers, **figures}


def aims(sizes: Sizes) -> list[Aim]:
    """Return the aims of the browser; small sizes show nothing, and have only those that always hold."""
    chosen = [
        at_least("browser.first_rows_ms.count", 1),
        at_least("browser.enter_to_bank_ms.count", 1),
        at_least("browser.case_36000_open_ms.count", 1),
    ]
    if sizes.transfers >= TRANSFERS:
        chosen.append(at_most("browser.case_36000_open_ms.p95", 2_000))
    if sizes.items >= TELLING_ITEMS:
        chosen.append(at_most("browser.first_rows_ms.p95", 1_000))
        if sizes.verbs >= TELLING_VERBS:
            chosen.append(at_most("browser.others_sight_ms.p95", 100))
    if sizes.calls >= TELLING_CALLS:
        chosen.append(at_most("browser.enter_to_bank_ms.p95", 100))
    if sizes.updates >= UPDATES:
        chosen += [at_most("browser.desk_heap.growth", 1.10), at_most("browser.wall_heap.growth", 1.10)]
    return chosen


@asynccontextmanager
async def _room(run: Run, progress: Progress) -> AsyncIterator[_Room]:
    # Only developers have the package, and the other benchmarks run without it.
    from playwright.async_api import async_playwright  # noqa: PLC0415

    origin = run.stack.running.site_url(Site.DESK)
    assert origin is not None, "the stack has TLS ports"
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=check(), args=["--disable-dev-shm-usage"])
        try:
            yield _Room(browser, origin, run, progress)
        finally:
            await browser.close()


# -- the desk ----------------------------------------------------------------------------------------------------------


async def _listed(room: _Room, token: str) -> None:
    """Open the desk once, so that the server and the browser have what a first visitor loads."""
    page = await room.page(token)
    await _open_desk(room, page)
    await page.context.close()


async def _open_desk(room: _Room, page: "Page") -> float:
    """Open the desk; return the time from the opening to the drawing of the first rows."""
    await page.goto(f"{room.origin}/console/desk")
    return await _found(page, "window.firstRowsMs")


async def _first_rows(room: _Room, token: str, openings: int) -> list[float]:
    times = []
    for number in range(openings):
        room.progress.tick(f"opening {number + 1} of {openings}")
        page = await room.page(token)
        times.append(await _open_desk(room, page))
        await page.context.close()
    return times


async def _verbs(room: _Room, seats: Seats, count: int) -> dict[str, Any]:
    """Let one officer take and release an item by keys; return when the own page and another's show it."""
    first, second = await room.page(seats.first), await room.page(seats.second)
    for page in (first, second):
        await _open_desk(room, page)
    row = await first.evaluate("document.querySelector('[role=row][aria-current=true]').id")
    for page in (first, second):
        await page.evaluate("(row) => { window.watched = row; document.body.toggleAttribute('data-watch'); }", row)
    own: list[float] = []
    others: list[float] = []
    for number in range(count):
        room.progress.tick(f"verb {number + 1} of {count}")
        is_taken = number % 2 == 0
        for page in (first, second):
            await page.evaluate("window.seen.length = 0")
        await first.keyboard.press("t" if is_taken else "u")
        own_at = await _seen(first, "mine" if is_taken else "free")
        other_at = await _seen(second, "other" if is_taken else "free")
        pressed = await _pressed(first)
        own.append(own_at - pressed)
        others.append(other_at - pressed)
    for page in (first, second):
        await page.context.close()
    return {"own_sight_ms": quantiles(own, 1), "others_sight_ms": quantiles(others, 1)}


async def _seen(page: "Page", standing: str) -> float:
    """Wait until the watched row says this of its owner; return when it was drawn."""
    wanted = f"window.seen.find(([kind, what]) => kind === 'row' && what === '{standing}')?.[2]"
    return await _found(page, wanted)


async def _found(page: "Page", expression: str) -> float:
    """Wait until an expression of the page has a value; return it. Raises `TimeoutError`.

    The page's content policy refuses playwright's own way of waiting for one.
    """
    look = f"const look = () => {{ const found = {expression}; found ? done(found) : setTimeout(look, {LOOK_MS}); }};"
    async with asyncio.timeout(PATIENCE_MS / MS_IN_SECOND):
        value: float = await page.evaluate(f"() => new Promise((done) => {{ {look} look(); }})")
    return value


async def _pressed(page: "Page") -> float:
    at: float = await page.evaluate("window.seen.findLast(([kind]) => kind === 'key')[2]")
    return at


# -- calls -------------------------------------------------------------------------------------------------------------


async def _calls(room: _Room, token: str, count: int) -> list[float]:
    """Type calls by keyboard; return the times from the key that sends each to the receipt at its bank."""
    page = await room.page(token)
    await page.goto(f"{room.origin}/console/call")
    names = {
        bank["code"]: bank["name"]
        for bank in orjson.loads((await room.run.stack.control.get("/sim/directory")).content)
    }
    codes = list(names)
    pressed: dict[str, float] = {}
    for number in range(count):
        room.progress.tick(f"call {number + 1} of {count}")
        payee, payer = codes[number % len(codes)], codes[(number + 1) % len(codes)]
        _, reference = await room.run.scripted(payee)
        await _type_facts(page, names[payer], names[payee], reference)
        await page.get_by_text("Can go now.").first.wait_for()
        await page.keyboard.press("Control+Enter")
        await page.locator(".number").first.wait_for()
        pressed[reference] = await _pressed(page)
        await page.keyboard.press("Alt+f")
        await page.get_by_role("dialog").wait_for()
        await page.keyboard.press("Enter")
    await page.context.close()
    received = await room.run.received_at(set(pressed))
    return [received[reference] * MS_IN_SECOND - at for reference, at in pressed.items() if reference in received]


async def _type_facts(page: "Page", payer: str, payee: str, reference: str) -> None:
    """Type the four facts of a transfer, from the box of the bank's message on."""
    at = (wall_clock() - timedelta(minutes=4)).astimezone(IST)
    await page.locator("#sms:focus").wait_for()
    await page.keyboard.press("Tab")
    for bank, account in ((payer, "38920117654"), (payee, f"5{reference}")):
        await page.keyboard.type(bank)
        await page.keyboard.press("Tab")
        await page.keyboard.type(account)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
    await page.keyboard.type(str(PAISE // 100))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.type(reference)
    await page.keyboard.press("Tab")
    await page.keyboard.type(f"{at:%H%M}")


# -- a large case ------------------------------------------------------------------------------------------------------


async def _large_case(room: _Room, token: str, sizes: Sizes) -> list[float]:
    """Return the times from the address of a large case to the drawing of its trail, in a warm browser.

    The case has changed since each opening before, so the server has no layout of it.
    """
    room.progress.step(f"a case of {sizes.transfers} transfers")
    await room.run.complain_of_unknown_banks(1)
    page = await room.page(token, _DRAWN)
    times = []
    async with _superuser(room.run) as connection:
        case_no = await query_plans.newest_case(connection)
        await page.goto(f"{room.origin}/console/case/{case_no}")
        await _found(page, "window.drawnMs")
        await query_plans.add_transfers(connection, case_no, sizes.transfers - 1, LAYERS - 1, room.run.banks)
        for number in range(sizes.openings):
            room.progress.tick(f"opening {number + 1} of {sizes.openings}")
            await query_plans.count_change(connection, case_no)
            await page.goto(f"{room.origin}/console/case/{case_no}")
            times.append(await _found(page, "window.drawnMs"))
    await page.context.close()
    return times


@asynccontextmanager
async def _superuser(run: Run) -> AsyncIterator[asyncpg.Connection]:
    """Connect to the engine's database as the superuser, who may write rows without their triggers."""
    embedded = run.stack.services.postgres
    assert embedded is not None, "a benchmark has a stack of its own"
    connection = await connections.connect(embedded.dsn_for(OWNER, ADMIN), "goldenhour bench")
    try:
        yield connection
    finally:
        await connection.close()


# -- memory ------------------------------------------------------------------------------------------------------------


async def _desk_heap(room: _Room, token: str, verbs: Verbs, updates: int) -> dict[str, Any]:
    """Return the memory of an officer's open desk before and after this many verbs of another officer."""
    page = await room.page(token)
    await _open_desk(room, page)
    await verbs(_warming(updates))
    before = await _heap_mib(page)
    room.progress.step(f"{updates} updates of the desk")
    await verbs(updates)
    await asyncio.sleep(SETTLE_SECONDS)
    return await _grown(page, before, updates)


async def _wall_heap(room: _Room, token: str, updates: int) -> dict[str, Any]:
    """Return the memory of the wall before and after this many reads, each with figures of its own."""
    page = await room.page(token, _FASTER, _NEW_FIGURES)
    await page.goto(f"{room.origin}/console/wall")
    await _reads(page, _warming(updates))
    before = await _heap_mib(page)
    room.progress.step(f"{updates} updates of the wall")
    await _reads(page, _warming(updates) + updates)
    return await _grown(page, before, updates)


def _warming(updates: int) -> int:
    """Return the number of updates before the first measurement."""
    return max(WARM_UPDATES, updates // 2)


async def _reads(page: "Page", count: int) -> None:
    """Wait until the wall has been read so often."""
    async with asyncio.timeout(count * MOST_SECONDS_A_READ):
        # The page counts, and tells only when asked.
        while await page.evaluate("window.reads") < count:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)


async def _grown(page: "Page", before: float, updates: int) -> dict[str, Any]:
    after = await _heap_mib(page)
    await page.context.close()
    return {"updates": updates, "before_mib": before, "after_mib": after, "growth": round(after / before, 3)}


async def _heap_mib(page: "Page") -> float:
    """Return the memory of the page's objects after what is not needed was freed."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("HeapProfiler.collectGarbage")
    await tools.send("Performance.enable")
    metrics = {metric["name"]: metric["value"] for metric in (await tools.send("Performance.getMetrics"))["metrics"]}
    await tools.detach()
    return round(float(metrics["JSHeapUsedSize"]) / MIB, 2)
