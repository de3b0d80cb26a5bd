"""The page of a case: its money trail as a picture and as a table, live, by keyboard, in both languages, at scale."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
import pytest
from playwright.async_api import Route

from domain.case.trail_bars import TrailHop, TrailPlace
from domain.case.trail_layout import layout
from schemas.case.trail_layout import LEGS_DEFAULT, TrailDetail
from schemas.enums import Bucket, Role
from simulator import ScriptedAnswer, hold_row, transfer_row, withdrawal_row
from tests.api.role_matrix import BODIES
from tests.browser.conftest import Sitting, Stage
from tests.browser.seat import Screen, Seat
from tests.factories import rrn, transfer

LOSS_PAISE: Final = 2_00_000_00
"""the longest that three banks and the engine need on a busy machine"""
MANY_HOPS: Final = 36_000
PER_LAYER: Final = 3_000
SCREENS: Final[dict[str, tuple[Screen, ...]]] = {
    "en": (("dark", 1366, 900), ("light", 360, 740)),
    "hi": (("light", 360, 740), ("dark", 1366, 900)),
}
_PAINTED: Final = """
() => {
    const canvas = document.querySelector(".trail canvas");
    if (!canvas || canvas.width === 0) return 0;
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const found = new Set();
    for (let at = 0; at < data.length; at += 4 * 7) found.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return found.size;
}
"""
"""how many colours are on the canvas"""


@dataclass(frozen=True)
class Story:
    """A case whose money went through three banks."""

    ack_no: str
    second: str


async def story(stage: Stage) -> Story:
    """Let a bank hold a part and send on two parts: one is held, the other is withdrawn."""
    sim = stage.engine.sim
    api = [bank for bank in sim.institutions if bank.answer_class == "api"]
    first, second, third = api[0], api[1], api[2]
    root, onward, cash = rrn(), rrn(), rrn()
    sim.script(
        bank=first.code,
        rrn=root,
        answers=[
            ScriptedAnswer(
                (
                    hold_row(root, 80_000_00),
                    transfer_row(
                        root, new_rrn=onward, paise=70_000_00, payee_bank_code=second.code, payee_account="0004471"
                    ),
                    transfer_row(
                        root, new_rrn=cash, paise=50_000_00, payee_bank_code=third.code, payee_account="0005503"
                    ),
                )
            )
        ],
    )
    # A bank that holds more than reached it: the rest is a discrepancy.
    sim.script(bank=second.code, rrn=onward, answers=[ScriptedAnswer((hold_row(onward, 90_000_00),))])
    sim.script(bank=third.code, rrn=cash, answers=[ScriptedAnswer((withdrawal_row(cash, paise=50_000_00),))])
    return Story(await stage.engine.complain(transfer(LOSS_PAISE, payee_bank=first.code, reference=root)), onward)


async def wait_for_picture(seat: Seat) -> None:
    """Wait until bars are drawn in the colours of buckets."""
    await seat.page.locator(".trail canvas").wait_for()
    await seat.page.wait_for_function(f"({_PAINTED})() > 12")


async def test_the_trail_is_read_by_keyboard_and_the_case_stays_live(stage: Stage, sit: Sitting) -> None:
    case = await story(stage)
    token = (await stage.officers("desk.vardolia", role=Role.DESK))["desk.vardolia"]
    seat = await sit(token)
    await seat.open(f"/case/{case.ack_no}")
    # The ledger follows the banks' answers without a reload.
    await seat.page.locator(".led").get_by_text("withdrawn ₹50,000").first.wait_for()
    await seat.page.locator(".led").get_by_text("₹2,00,000").first.wait_for()
    await wait_for_picture(seat)
    await seat.picture("case-en-light")

    await seat.page.locator("#main").focus()
    await seat.press("1", "Tab", "Tab", "Tab", "Tab", "Tab")
    await seat.page.locator(".trail:focus").wait_for()
    await seat.press("ArrowRight")
    await seat.page.locator("#trail-said").get_by_text("₹2,00,000 came in").wait_for()
    await seat.press("ArrowRight", "ArrowLeft", "ArrowRight")
    await seat.page.locator("#trail-said").get_by_text("₹70,000 came in").wait_for()
    # The same account is the row of the table.
    row = seat.page.locator("tr.on")
    await row.wait_for()
    assert case.second in await row.inner_text()
    await seat.picture("case-selected-en-light")
    assert await seat.pointer_moves() == 0
    assert await seat.violations() == []
    assert await seat.too_small() == []

    await seat.page.locator("#main").focus()
    await seat.press("5")
    await seat.page.locator("#h-timeline:focus").wait_for()
    await seat.sees(re.compile("^Complaint taken"))
    await seat.page.locator("#main").focus()
    await seat.press("v")
    await seat.sees("A. Victim")


async def act(seat: Seat, button: str, fields: Mapping[str, str] | None = None) -> None:
    """Open an act by its button, and fill the fields of its form."""
    await seat.page.get_by_role("button", name=button, exact=True).first.focus()
    await seat.press("Enter")
    form = seat.page.get_by_role("dialog")
    await form.wait_for()
    for label, text in (fields or {}).items():
        field = form.get_by_label(label, exact=True)
        is_choice = await field.evaluate("(one) => one.tagName === 'SELECT'")
        await (field.select_option(text) if is_choice else field.fill(text))


async def issue_a_letter(seat: Seat) -> None:
    """Record the officer whom a document names, read the document, and issue it."""
    await seat.press("8")
    await seat.page.locator("#h-police:focus").wait_for()
    officer = {"Id of the officer": "io.verma", "Name": "R. Verma", "Rank": "Inspector"}
    station = {"Police station": "Cyber Crime, Lucknow", "District": "Lucknow", "Mobile number": "9415000001"}
    await act(seat, "Assign officer", officer | station)
    await seat.press("Enter")
    await seat.sees("R. Verma")
    await seat.press("d")
    form = seat.page.get_by_role("dialog")
    await form.get_by_role("button", name="Read it before").focus()
    await seat.press("Enter")
    await seat.sees(re.compile("^Not issued yet"))
    assert await seat.violations() == []
    await seat.picture("case-document-en-light")
    await form.get_by_role("button", name="Issue it").focus()
    await seat.press("Enter")
    await seat.sees(re.compile("^Issued as GH/"))
    await form.get_by_role("button", name="Close").focus()
    await seat.press("Enter")
    await seat.page.locator(".doc").get_by_text("Letter of the state of the case").first.wait_for()


async def record_an_order(seat: Seat) -> None:
    """Record an order of a court, which waits for another officer; the form says so."""
    order = {
        "What it orders": "restore",
        "Court": "CJM Lucknow",
        "Number of the order": "12/2026",
        "Day of the order": "25-11-2026",
    }
    await act(seat, "Record a court’s order", order)
    await seat.press("Enter")
    await seat.sees("waits for a second officer")
    await act(seat, "Confirm the order")
    await seat.sees(re.compile("You proposed it, so another officer must do this"))
    assert await seat.violations() == []
    assert await seat.too_small() == []
    await seat.picture("case-four-eyes-en-light")


@pytest.mark.world
async def test_an_investigating_officer_begins_with_own_steps_and_sees_the_trail_of_an_own_case(
    stage: Stage, sit: Sitting
) -> None:
    case = await story(stage)
    token = (await stage.officers("io.trail", role=Role.IO))["io.trail"]
    body, headers = BODIES["officer"] | {"subject": "io.trail"}, stage.engine.officer(Role.SUPERVISOR)
    answer = await stage.engine.api.post(f"/api/v1/cases/{case.ack_no}/officer", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    seat = await sit(token)
    await seat.open("/")
    await seat.page.wait_for_url(re.compile("/console/restorations$"))
    await seat.open("/case")
    may_begin = asyncio.Event()

    async def later(route: Route) -> None:
        await may_begin.wait()
        await route.continue_()

    await seat.page.route(re.compile(r"/api/v1/stream\?topics=.*case"), later)
    await seat.page.get_by_role("link", name=case.ack_no).focus()
    await seat.press("Enter")
    await seat.page.locator("#h-police").wait_for()
    await seat.sees(body["name"])
    decides = body | {"duty": "deciding", "subject": "sp.decides", "name": "S. Decides"}
    answer = await stage.engine.api.post(f"/api/v1/cases/{case.ack_no}/officer", json=decides, headers=headers)
    assert answer.status_code == 201, answer.text
    may_begin.set()
    # What changed after the page was read, and before its stream began, is shown.
    await seat.sees("S. Decides")
    await seat.page.locator(".led").get_by_text("withdrawn ₹50,000").first.wait_for()
    await wait_for_picture(seat)
    await seat.page.locator("#h-requests").wait_for()
    await seat.picture("case-io-en-light")
    assert await seat.violations() == []


@pytest.mark.world
async def test_officers_settle_issue_and_record_what_a_case_needs(stage: Stage, sit: Sitting) -> None:
    case = await story(stage)
    token = (await stage.officers("sup.settles", role=Role.SUPERVISOR))["sup.settles"]
    seat = await sit(token)
    await seat.open(f"/case/{case.ack_no}")
    await seat.page.get_by_role("button", name=re.compile("^What is known otherwise")).first.wait_for()
    await seat.picture("case-discrepancy-en-light")
    await seat.page.get_by_role("button", name=re.compile("^What is known otherwise")).first.focus()
    await seat.press("Enter")
    await seat.page.get_by_role("dialog").wait_for()
    assert await seat.violations() == []
    await seat.type("The statement of the account says so.")
    await seat.press("Tab", "Enter")
    await seat.page.get_by_role("dialog").wait_for(state="detached")
    await seat.sees(re.compile("is settled|It is proposed"))

    await seat.page.get_by_role("button", name="Open transfer 1", exact=True).focus()
    await seat.press("Enter")
    await seat.page.get_by_role("dialog").get_by_text("Add a transfer below it").wait_for()
    assert await seat.violations() == []
    await seat.picture("case-transfer-en-light")
    await seat.press("Escape")
    async with seat.page.expect_download() as kept:
        await seat.page.get_by_role("button", name="Transfers as CSV").focus()
        await seat.press("Enter")
    assert case.second in (await (await kept.value).path()).read_text(encoding="utf-8")
    await issue_a_letter(seat)
    await record_an_order(seat)


@pytest.mark.world
async def test_the_case_is_read_in_both_languages_and_themes_and_on_a_telephone(stage: Stage, sit: Sitting) -> None:
    case = await story(stage)
    seat = await sit((await stage.officers("case.reads", role=Role.SUPERVISOR))["case.reads"])
    await seat.open(f"/case/{case.ack_no}")
    for language, screens in SCREENS.items():
        if language == "hi":
            await seat.speak("hi")
        await seat.page.locator(".led .bk[data-b='W']").first.wait_for()
        await wait_for_picture(seat)
        await seat.is_read(f"case-{language}", *screens)
    await seat.open("/case")
    await seat.page.get_by_role("link", name=case.ack_no).wait_for()
    await seat.is_read("cases-hi", ("light", 360, 740))


def many_hops() -> list[TrailHop]:
    """Return a trail of 36,000 transfers in twelve layers."""
    victim = TrailPlace("SBIN", "SBIN", "38920117654")
    hops: list[TrailHop] = []
    for no in range(1, MANY_HOPS + 1):
        layer, place = divmod(no - 1, PER_LAYER)
        payee = TrailPlace(f"BNK{place % 37}", "", f"{layer}{place:09}")
        parent = no - PER_LAYER if layer else None
        payer = hops[parent - 1].payee if parent else victim
        bucket = (Bucket.HELD, Bucket.WITHDRAWN, Bucket.IN_PLAY)[place % 3]
        hops.append(TrailHop(no, parent, payer, payee, {bucket: (place % 211 + 1) * 1_000_00}))
    return hops


@pytest.mark.world
async def test_a_trail_of_36000_transfers_opens_and_is_walked(stage: Stage, sit: Sitting) -> None:
    ack_no = await stage.engine.complain(transfer(LOSS_PAISE))
    picture = layout(many_hops(), TrailDetail.ACCOUNT, LEGS_DEFAULT)
    body = orjson.dumps({"case_ack_no": ack_no, "version": 1, "picture": picture.model_dump(mode="json")})
    token = (await stage.officers("desk.many", role=Role.DESK))["desk.many"]
    seat = await sit(token)

    async def answer(route: Route) -> None:
        await route.fulfill(body=body, content_type="application/json")

    await seat.page.route("**/trail/layout*", answer)
    await seat.open(f"/case/{ack_no}")
    await wait_for_picture(seat)
    await seat.sees(re.compile(r"36000 transfers, 12 layers"))
    await seat.picture("case-36000-en-light")
    await seat.page.locator(".trail").focus()
    await seat.press("ArrowRight", "ArrowRight", "End")
    await seat.page.locator("#trail-said").get_by_text(re.compile(r"and [\d,]+ more")).wait_for()
    await seat.press("z")
    await seat.picture("case-36000-whole-en-light")
