"""What every page of the console has: sign-in, policy, keys, languages, sizes, and what happens without a session."""

import asyncio
import gzip
import re
from pathlib import Path

import orjson
import pytest
from playwright.async_api import Route

from api.console_files import FILES
from schemas.enums import Role
from tests.browser.conftest import Sitting, Stage
from tests.browser.seat import Seat
from tests.signed_in import PASSWORD

FIRST_LOAD_MAX_BYTES = 350 * 1024
SETTLES_MS = 800
"""time in which a page has drawn most of what it reads; what is not there yet is not compared"""

LATE_MS = 20_000
"""a page says after five seconds that the server does not answer; the rest is for a machine that is busy"""


def first_load(page: str) -> list[Path]:
    """Return the scripts and styles that the browser loads for a page, fonts aside."""
    manifest = orjson.loads((FILES / "manifest.json").read_bytes())
    found: set[str] = set()

    def add(name: str) -> None:
        entry = manifest[name]
        if entry["file"] not in found:
            found.add(entry["file"])
            found.update(entry.get("css", ()))
            for other in entry.get("imports", ()):
                add(other)

    add("index.html")
    add(page)
    return [FILES / name for name in sorted(found)]


@pytest.mark.usefixtures("built")
def test_the_first_load_of_each_page_is_small() -> None:
    manifest = orjson.loads((FILES / "manifest.json").read_bytes())
    pages = [name for name in manifest if re.fullmatch(r"src/pages/\w+/[A-Z]\w*\.tsx", name)]
    assert pages
    for page in pages:
        size = sum(len(gzip.compress(path.read_bytes())) for path in first_load(page))
        assert size <= FIRST_LOAD_MAX_BYTES, (page, size)


async def test_an_officer_signs_in_and_out_at_the_servers_own_page(stage: Stage, sit: Sitting) -> None:
    await stage.officers("intake.door", role=Role.INTAKE)
    code = await stage.credentials("intake.door")
    seat = await sit("no session")
    await seat.open("/call")
    await seat.page.wait_for_url(re.compile(r"/sign-in"))
    for label, text in (("Service number", "intake.door"), ("Password", PASSWORD), ("Code of", code())):
        await seat.page.get_by_label(label).focus()
        await seat.type(text)
    await seat.press("Enter")
    await seat.page.locator("#sms:focus").wait_for()
    await goes_on_after_the_session_ended(stage, seat, "intake.door")
    await seat.page.get_by_role("button", name="Officer intake.door").focus()
    await seat.press("Enter")
    await seat.page.get_by_role("menuitem", name="Sign out").focus()
    await seat.press("Enter")
    await seat.page.wait_for_url(re.compile(r"/sign-in$"))
    await seat.open("/call")
    await seat.page.wait_for_url(re.compile(r"/sign-in\?to=console"))


@pytest.mark.world
async def test_the_page_of_the_sign_in_is_read_in_both_languages_and_keeps_the_choice(sit: Sitting) -> None:
    seat = await sit("no session")
    await seat.open("/call")
    await seat.page.wait_for_url(re.compile(r"/sign-in\?to=console"))
    await seat.is_read("sign-in-en", ("light", 1366, 768), ("dark", 360, 740))
    await seat.page.get_by_role("link", name="हिन्दी").focus()
    await seat.press("Enter")
    await seat.page.locator("html[lang='hi']").wait_for()
    await seat.is_read("sign-in-hi", ("dark", 360, 740), ("light", 1366, 768))
    await seat.open("/call")
    await seat.page.wait_for_url(re.compile(r"/sign-in\?to=console"))
    await seat.page.locator("html[lang='hi']").wait_for()


async def goes_on_after_the_session_ended(stage: Stage, seat: Seat, officer_id: str) -> None:
    """End the session while the officer types, sign in again elsewhere, and find what was typed."""
    await stage.engine.pool.execute(
        "UPDATE session SET ended_at = present_moment(), ended_by = $1, end_reason = 'signed_in_again'"
        " WHERE officer_id = $1 AND ended_at IS NULL",
        officer_id,
    )
    name = seat.page.get_by_label("Name, as the bank has it")
    await name.focus()
    await seat.type("Surekha")
    await seat.sees("You are signed out")
    await seat.page.locator("a:focus").get_by_text("Sign in in a new window").wait_for()
    assert await seat.violations() == []
    await seat.picture("signed-out-en-light")
    go_on = seat.page.get_by_role("button", name="I have signed in")
    await go_on.focus()
    await seat.press("Enter")
    await seat.sees("You are not signed in yet.")
    await stage.sign_in_elsewhere(seat, officer_id)
    # The button has the focus again, though it was disabled meanwhile.
    await seat.page.locator("button:focus").get_by_text("I have signed in").wait_for()
    await seat.press("Enter")
    await go_on.wait_for(state="detached")
    assert await name.input_value() == "Surekha"
    await seat.page.get_by_text(re.compile(r"^Saved \d")).wait_for()


@pytest.mark.world
async def test_keys_open_the_palette_the_overlay_and_the_other_language(stage: Stage, sit: Sitting) -> None:
    token = (await stage.officers("intake.keys", role=Role.INTAKE))["intake.keys"]
    seat = await sit(token)
    await seat.open("/call")
    await seat.page.locator("#sms:focus").wait_for()
    await seat.press("Control+k")
    await seat.page.get_by_role("searchbox").wait_for()
    await seat.type("dark")
    assert await seat.violations() == []
    await seat.picture("palette-en-light")
    await seat.press("ArrowDown", "Enter")
    await seat.page.locator("html[data-theme='dark']").wait_for()
    await seat.page.locator("#main").focus()
    await seat.press("Shift+?")
    await seat.sees("Keys that work now", "Ask the banks")
    assert await seat.violations() == []
    await seat.picture("keys-en-dark")
    await seat.press("Escape")
    await seat.page.get_by_role("dialog").wait_for(state="detached")
    await seat.page.locator("#main").focus()
    await seat.press("g", "l")
    await seat.page.locator("html[lang='hi']").wait_for()
    # A refusal of the server is said in the language of the page.
    await seat.press("/")
    await seat.page.locator("#find-text:focus").wait_for()
    await seat.type("x")
    await seat.press("Enter")
    await seat.sees(re.compile("^आपकी भूमिका यह नहीं कर सकती"))
    assert await seat.pointer_moves() == 0
    kept = await seat.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert set(orjson.loads(kept)) <= {"goldenhour.theme"}


_LOOK = """() => Object.fromEntries([...document.querySelectorAll("#main, #main *")].reverse().map((one) => {
    const style = getComputedStyle(one);
    const look = ["display", "padding", "gap", "borderWidth", "fontSize", "position", "flexDirection", "minHeight"];
    return [one.tagName + "." + (one.getAttribute("class") ?? ""), look.map((name) => style[name]).join(" ")];
}))"""


@pytest.mark.world
@pytest.mark.parametrize("width", [1366, 1920])
async def test_a_page_looks_the_same_whatever_page_was_open_before(stage: Stage, sit: Sitting, width: int) -> None:
    name = f"admin.looks.{width}"
    seat = await sit((await stage.officers(name, role=Role.ADMIN))[name])
    await seat.page.set_viewport_size({"width": width, "height": 1080})
    await seat.open("/case")
    links = seat.page.locator("header nav a")
    led_to = [await link.get_attribute("href") or "" for link in await links.all()]
    pages = [href for href in led_to if href != "/console/wall"]

    async def look() -> dict[str, str]:
        await seat.page.locator("#main main").wait_for()
        await seat.page.wait_for_timeout(SETTLES_MS)
        return dict(await seat.page.evaluate(_LOOK))

    fresh: dict[str, dict[str, str]] = {}
    for href in pages:
        await seat.page.goto(f"{seat.origin}{href}")
        fresh[href] = await look()
    for href in [*pages, *reversed(pages)]:
        await seat.page.locator(f"header nav a[href='{href}']").click()
        await seat.page.wait_for_url(re.compile(re.escape(href)))
        found = await look()
        both = found.keys() & fresh[href].keys()
        assert {one: found[one] for one in both} == {one: fresh[href][one] for one in both}, href


@pytest.mark.world
async def test_each_question_is_reached_by_tab_and_nothing_is_destroyed_by_a_single_key(
    stage: Stage, sit: Sitting
) -> None:
    seat = await sit((await stage.officers("intake.tabs", role=Role.INTAKE))["intake.tabs"])
    await seat.open("/call")
    await seat.page.locator("#sms:focus").wait_for()
    await seat.page.get_by_label("Name, as the bank has it").focus()
    reached = set()
    for _ in range(40):
        await seat.press("Tab")
        reached.add(await seat.page.evaluate("document.activeElement.closest('[role=radiogroup]')?.innerText"))
    questions = set(await seat.page.get_by_role("radiogroup").all_inner_texts())
    assert questions
    assert questions <= reached
    await seat.page.get_by_label("District", exact=True).focus()
    await seat.type("luckn")
    await seat.press("Tab")
    assert await seat.page.get_by_label("District", exact=True).input_value() == "Lucknow"
    await seat.page.locator("#main").focus()
    await seat.press("Shift+?")
    await seat.sees("On this page", "Go to a page", "On every page")
    await seat.press("Escape")
    await seat.page.get_by_role("dialog").wait_for(state="detached")
    await seat.press("Alt+w")
    dialog = seat.page.get_by_role("dialog")
    await dialog.locator("button:focus").get_by_text("Cancel").wait_for()
    assert await dialog.locator(".btn.first").count() == 0
    await seat.press("Enter")
    await dialog.wait_for(state="detached")
    await seat.press("Alt+p")
    await dialog.get_by_role("textbox").last.focus()
    await seat.type("She calls again at six")
    await seat.press("Escape")
    await seat.sees("Press Esc once more to close this.")
    await seat.press("Escape")
    await dialog.wait_for(state="detached")


@pytest.mark.world
@pytest.mark.parametrize("role", [Role.INTAKE, Role.SP, Role.ADMIN])
async def test_each_page_says_within_five_seconds_that_the_server_hangs(stage: Stage, sit: Sitting, role: Role) -> None:
    name = f"{role.value}.hangs"
    seat = await sit((await stage.officers(name, role=role))[name])
    await seat.open()
    await seat.page.locator("#main main").wait_for()
    hung = asyncio.Event()

    async def hang(route: Route) -> None:
        await hung.wait()
        await route.abort("aborted")

    await seat.page.route("**/api/**", hang)
    await seat.page.reload(wait_until="commit")
    await seat.text("The server has not answered yet").wait_for(timeout=LATE_MS)
    hung.set()
    await seat.page.unroute_all(behavior="wait")
