"""Administration: one admin proposes an officer, another one agrees after seeing the difference; and every section."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from schemas.enums import Role
from tests.browser.conftest import Sitting, Stage
from tests.browser.seat import PATIENCE_MS, Screen, Seat

SECTIONS = ("officers", "teams", "directory", "policy", "changes", "displays")
"""the sections, in the order of their keys"""


async def press(seat: Seat, name: str) -> None:
    """Press a button by the keyboard."""
    await seat.page.get_by_role("button", name=name, exact=True).focus()
    await seat.press("Enter")


async def fill(seat: Seat, label: str, text: str) -> None:
    """Type into a field by the keyboard."""
    await seat.page.get_by_label(label, exact=True).focus()
    await seat.type(text)


async def propose_officer(seat: Seat, officer_id: str) -> None:
    """Propose an officer: the server shows what would change before it is sent."""
    await seat.open("/officers")
    await seat.page.get_by_role("heading", name="Officers").wait_for()
    await seat.page.locator("#main").focus()
    await seat.press("n")
    await seat.page.get_by_label("Service number or e-mail address").wait_for()
    for label, text in (
        ("Service number or e-mail address", officer_id),
        ("Name", "Meera Nair"),
        ("Rank", "Inspector"),
    ):
        await fill(seat, label, text)
    await seat.page.get_by_label("supervisor", exact=True).focus()
    await seat.press("Space")
    await press(seat, "Show what would change")
    dialog = seat.page.get_by_role("dialog")
    await dialog.get_by_role("row", name=re.compile("Role supervisor")).wait_for()
    await fill(seat, "Reason", "joins the recovery team")
    assert await seat.violations() == []
    await seat.picture("admin-propose-en-light")
    await press(seat, "Propose")
    # The code is shown once, to the admin who proposes.
    await dialog.get_by_text(re.compile(r"^[a-z2-7]{4}(-[a-z2-7]{4}){3}$")).wait_for()
    assert await seat.violations() == []
    await seat.picture("admin-code-en-light")
    await press(seat, "I have passed it on")
    await dialog.wait_for(state="detached")


async def test_an_officer_comes_in_when_two_admins_agree(stage: Stage, sit: Sitting) -> None:
    new = f"meera.{uuid4().hex[:8]}"
    look = f"Look at: Add an officer, {new}"
    tokens = await stage.officers("admin.first", "admin.second", role=Role.ADMIN)
    first = await sit(tokens["admin.first"], width=1440, height=900)
    second = await sit(tokens["admin.second"], width=1440, height=900, theme="dark")
    await second.open("/changes")
    await second.page.get_by_role("heading", name="Proposals").wait_for()
    await propose_officer(first, new)
    # The first admin sees the proposal, and cannot agree to it.
    await first.page.locator("#main").focus()
    await first.press("5")
    await press(first, look)
    dialog = first.page.get_by_role("dialog")
    await dialog.get_by_text("Another admin must agree").wait_for()
    assert await dialog.get_by_role("button", name="Agree").count() == 0
    await first.picture("admin-own-proposal-en-light")
    assert await first.pointer_moves() == 0

    # The page of the second admin was open before, and lists it by itself.
    await press(second, look)
    asked = second.page.get_by_role("dialog")
    await asked.get_by_role("row", name=re.compile("Meera Nair")).wait_for()
    await fill(second, "Reason", "known to me")
    assert await second.violations() == []
    await second.picture("admin-decide-en-dark")
    await press(second, "Agree")
    await asked.get_by_text(re.compile(r"https://\S+/first/")).wait_for()
    await second.picture("admin-link-en-dark")
    await press(second, "I have passed it on")
    await asked.wait_for(state="detached")
    done = second.page.get_by_role("row").filter(has_text=new).filter(has_text="admin.first + admin.second")
    await done.first.wait_for()
    await second.picture("admin-changes-en-dark")
    # So the first admin sees what was agreed to.
    await first.press("Escape")
    await dialog.wait_for(state="detached")
    await first.page.get_by_role("button", name=look).wait_for(state="detached")
    of_both = first.page.get_by_role("row").filter(has_text=new).filter(has_text="admin.first + admin.second")
    await of_both.first.wait_for()
    await second.page.locator("#main").focus()
    async with second.page.expect_download() as waiting:
        await second.press("e")
    assert (await waiting.value).suggested_filename == "changes.csv"
    await second.press("1")
    await second.page.get_by_role("searchbox").first.focus()
    await second.type(new.upper())
    await press(second, "Meera Nair")
    await second.sees("Open sessions")
    assert await second.violations() == []
    await second.picture("admin-officer-en-dark")


async def change_hours(seat: Seat, officer_id: str) -> None:
    """Change the hours of the team of an officer. The form has what the team has."""
    row = seat.page.get_by_role("row").filter(has_text=officer_id)
    await row.get_by_role("button").first.focus()
    await seat.press("Enter")
    dialog = seat.page.get_by_role("dialog")
    await dialog.get_by_text(officer_id).wait_for()
    await dialog.get_by_placeholder("mon-fri 09:00-18:00").focus()
    await seat.type("sat 20-24")
    assert await seat.violations() == []
    await seat.press("Enter")
    await row.get_by_text("20:00–24:00").wait_for()


async def go_to(seat: Seat, path: str, *, by_key: bool) -> None:
    """Open a section by its address, or from the section that is open by its key."""
    section, _, below = path.partition("/")
    if seat.page.url == "about:blank" or below or not by_key:
        await seat.open(f"/{path}")
    else:
        await seat.page.locator("#main").focus()
        await seat.press(f"{SECTIONS.index(section) + 1}")
        await seat.page.locator(f".admin-sections a[aria-current=page][href$='/{section}']").wait_for()


@pytest.mark.world
@pytest.mark.parametrize(
    ("language", "screens"),
    [
        ("en", (("dark", 1440, 900), ("light", 360, 740))),
        ("hi", (("light", 360, 740), ("dark", 1440, 900))),
    ],
    ids=["en", "hi"],
)
async def test_every_section_is_read_in_both_themes_and_on_a_telephone(
    stage: Stage, sit: Sitting, language: str, screens: tuple[Screen, ...]
) -> None:
    name = f"admin.reads.{language}"
    token = (await stage.officers(name, role=Role.ADMIN))[name]
    bank = stage.engine.sim.institutions[0].code
    paths = ("officers", "teams", f"directory/{bank}", "policy", "changes", "displays")
    seat = await sit(token, language=language)
    for path in paths:
        await go_to(seat, path, by_key=language == "en")
        await seat.page.locator("main.admin h1").wait_for()
        await expect(seat.page.get_by_text(re.compile("Loading|खुल रहा"))).to_have_count(0, timeout=PATIENCE_MS)
        section = path.partition("/")[0]
        if section == "policy":
            sections = await seat.page.locator(".admin-section summary b").all_inner_texts()
            assert [one for one in sections if re.fullmatch("[a-z_]+", one)] == [], "names in both languages"
        if section == "teams":
            await change_hours(seat, name)
        await seat.is_read(f"admin-{section}-{language}", *screens)
