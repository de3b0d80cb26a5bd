"""The supervisor's desk: figures of a period by keyboard, down to the cases, and tables as files."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Locator
from playwright.async_api import Route as Request

from schemas.enums import Role
from schemas.people.my_case import TreatmentView
from tests.browser.conftest import Sitting, Stage
from tests.browser.seat import Seat
from tests.factories import rrn, transfer


async def test_every_number_leads_to_its_cases_and_every_table_to_a_file(stage: Stage, sit: Sitting) -> None:
    payer, payee = stage.engine.sim.institutions[1], stage.engine.sim.institutions[0]
    case_no = await stage.engine.complain(
        {
            "payer": {"institution": payer.code, "account": "38920117654"},
            "payee": {"institution": payee.code, "account": "50100000000001"},
            "amount_paise": 5_000_00,
            "rrn": rrn(),
            "mode": "imps",
            "transferred_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
        }
    )
    token = (await stage.officers("supervisor.desk", role=Role.SUPERVISOR))["supervisor.desk"]
    seat = await sit(token, width=1440, height=900)
    await seat.open("/supervisor?days=1")
    row = seat.page.get_by_role("row").filter(has_text="Complaint → request sent")
    await row.get_by_role("button", name="Complaint →").focus()
    await seat.press("Enter")
    inner = seat.page.get_by_role("row").filter(has=seat.page.get_by_role("rowheader", name=re.compile("Lucknow")))
    await inner.first.wait_for()
    assert await seat.violations() == []
    assert await seat.too_small() == []
    await seat.picture("supervisor-en-light")
    await inner.get_by_role("button", name=re.compile("open the cases")).first.focus()
    await seat.press("Enter")
    await seat.page.get_by_role("dialog").get_by_role("link", name=case_no).wait_for()
    assert await seat.violations() == []
    await seat.picture("supervisor-cases-en-light")
    await seat.press("Escape")
    await seat.page.get_by_role("dialog").wait_for(state="detached")
    # So does each sum of the first panels.
    await seat.page.get_by_title(re.compile("^lost today: .*open the cases")).focus()
    await seat.press("Enter")
    link = seat.page.get_by_role("dialog").get_by_role("link", name=case_no)
    await link.wait_for()
    assert await seat.violations() == []
    await seat.picture("supervisor-sum-en-light")
    # The case opens without another load of the console.
    await seat.page.evaluate("window.isSameLoad = true")
    await link.focus()
    await seat.press("Enter")
    await seat.page.wait_for_url(re.compile(f"/case/{case_no}"))
    # The address is that of the case before its code is there.
    await seat.page.get_by_role("dialog").wait_for(state="detached")
    assert await seat.page.evaluate("window.isSameLoad")
    await seat.page.go_back()
    await seat.page.get_by_role("heading", name="What victims say of how they were treated").wait_for()
    await district_and_files(seat, inner)
    assert await seat.pointer_moves() == 0

    await dialogs_on_a_telephone(await sit(token, language="hi", theme="dark", width=360, height=740), case_no)


async def district_and_files(seat: Seat, inner: Locator) -> None:
    """Choose a district on the map, and keep tables as files."""
    # The map chooses a district for all figures below, and each table is a file.
    tile = seat.page.get_by_role("button", name=re.compile("^LKO.*Lucknow:"))
    await tile.focus()
    await seat.press("Enter")
    await seat.page.wait_for_url(re.compile("district=LUCKNOW"))
    await seat.page.locator("button[aria-pressed=true]").and_(tile).wait_for()
    await inner.first.wait_for()
    await seat.page.get_by_label("From").fill("2026-11-01")
    await seat.page.wait_for_url(re.compile("first=2026-11-01"))
    await seat.picture("supervisor-district-en-light")
    async with seat.page.expect_download() as waiting:
        await seat.page.get_by_role("button", name="Over the limit now as CSV").focus()
        await seat.press("Enter")
    assert (await waiting.value).suggested_filename == "over-the-limit-now.csv"
    for key, begins in (("e", b"95 of 100 within"), ("Shift+E", b"PK")):
        async with seat.page.expect_download() as waiting:
            await seat.press(key)
        kept = await waiting.value
        assert begins in Path(await kept.path()).read_bytes()[:400]


async def dialogs_on_a_telephone(phone: Seat, case_no: str) -> None:
    """Read the cases behind a sum and behind a number on a small dark screen, in Hindi."""
    await phone.open("/supervisor?days=1")
    buttons = {
        "sum": phone.page.get_by_title(re.compile("^आज गई राशि: .*मामले खोलें")),
        "cases": phone.page.locator(".stages td .btn.link").first,
    }
    for name, button in buttons.items():
        await button.focus()
        await phone.press("Enter")
        dialog = phone.page.get_by_role("dialog")
        await dialog.get_by_role("link", name=case_no).wait_for()
        await phone.picture(f"supervisor-{name}-hi-dark-360")
        assert await phone.violations() == []
        assert await phone.too_small() == []
        assert await dialog.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1"), "the table scrolls by itself"
        await dialog.get_by_role("button", name="बंद करें").focus()
        await phone.press("Enter")
        await dialog.wait_for(state="detached")


@pytest.mark.world
async def test_the_desk_is_read_in_both_languages_and_themes_and_on_a_telephone(stage: Stage, sit: Sitting) -> None:
    seat = await sit((await stage.officers("supervisor.reads", role=Role.SUPERVISOR))["supervisor.reads"])
    await seat.open("/supervisor")
    await seat.page.locator(".stages").wait_for()
    await seat.is_read("supervisor-en", ("dark", 1440, 900), ("light", 360, 740))
    await seat.change_language("hi")
    await seat.page.locator(".stages").wait_for()
    await seat.is_read("supervisor-hi", ("light", 360, 740), ("dark", 1440, 900))


@pytest.mark.world
async def test_a_supervisor_reads_what_a_victim_wrote_of_the_police(stage: Stage, sit: Sitting) -> None:
    case_no = await stage.engine.complain(transfer(10_000_00, payee_bank="HDFC", reference=rrn()))
    seat = await sit((await stage.officers("sup.listens", role=Role.SUPERVISOR))["sup.listens"])
    await seat.open(f"/case/{case_no}")
    await seat.text(re.compile("^What the victim says of the police")).click()
    await seat.sees("The victim answered nothing that a supervisor has to read.")
    told = TreatmentView(ack_no=case_no, answered_on=date(2026, 11, 28), is_alarming=True, text="He shouted at me.")

    async def answer(route: Request) -> None:
        await route.fulfill(body=told.model_dump_json(), content_type="application/json")

    await seat.page.route(re.compile("/treatment-report$"), answer)
    await seat.speak("hi")
    await seat.text(re.compile("^पीड़ित पुलिस के बारे में")).click()
    await seat.sees("सम्मानजनक व्यवहार नहीं हुआ", "He shouted at me.", "28-11-2026")
    assert await seat.violations() == []
    officer = await sit((await stage.officers("desk.hears.not", role=Role.DESK))["desk.hears.not"])
    await officer.open(f"/case/{case_no}")
    await officer.page.get_by_role("heading", name="Complaints").wait_for()
    assert await officer.page.get_by_text("What the victim says of the police").count() == 0
