"""Restorations that wait for officers: one is approved with a code, two together, and never by who prepared them."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import pytest

from schemas.enums import Role
from tests.browser.conftest import Sitting, Stage
from tests.browser.restorable import Officers, Restorable
from tests.browser.seat import Screen, Seat
from tests.factories import transfer
from tests.officers import enrol
from tests.signed_in import headers_of

LARGE_PAISE: Final = 41_500_00
SIMPLE_PAISE: Final = (9_900_00, 22_750_00)
SCREENS: Final[dict[str, tuple[Screen, ...]]] = {
    "en": (("dark", 1440, 900), ("light", 360, 740)),
    "hi": (("light", 360, 740), ("dark", 1440, 900)),
}


async def test_a_superintendent_approves_one_and_two_together_and_the_preparer_none(stage: Stage, sit: Sitting) -> None:
    officers = Officers(stage.engine)
    # One person in both roles is still one pair of eyes.
    await enrol(stage.engine.pool, ["both.roles"], [Role.IO, Role.SP])
    code = await stage.enrolled("sp.approves", role=Role.SP)
    both = await stage.session("both.roles")
    large, *simple = await officers.all_prepared(both, LARGE_PAISE, *SIMPLE_PAISE)

    preparer = await sit(both, width=1440, height=900)
    await preparer.open(f"/restorations/{large.restoration_id}")
    await preparer.sees("You prepared it, so you neither approve nor refuse it.")
    assert await preparer.page.get_by_role("button", name=re.compile("^(Approve ₹|Refuse)")).count() == 0
    # What this officer prepared needs another one, so it stands below what is to do.
    await preparer.page.get_by_role("button", name=re.compile("Waiting for others"), expanded=True).wait_for()

    # The proof of this session is over, though the session is not, so that the page asks for a code.
    seat = await sit(await stage.session("sp.approves", begun=timedelta(minutes=27)), width=1440, height=900)
    await look_at(seat, large)
    await approve_with_a_code(seat, code)
    approved_by = "SELECT approved_by FROM restoration WHERE restoration_id = $1"
    assert await stage.engine.pool.fetchval(approved_by, large.restoration_id) == "sp.approves"
    # A credit makes what is on hold less, so the subtraction of the approval is over.
    await seat.open(f"/restorations/{large.restoration_id}")
    await seat.page.locator("#h-orders").wait_for()
    assert await seat.page.get_by_role("columnheader", name="Stays there").count() == 0
    await approve_together(seat, stage, officers, simple)
    assert await seat.pointer_moves() == 0
    assert [(await officers.read(one))["step"] for one in simple] == ["credit", "verification"]


async def look_at(seat: Seat, one: Restorable) -> None:
    """Look at the file: its sum as text, the subtraction, the voices, and the account in full."""
    await seat.open()
    await seat.page.locator(".wait[aria-current]").wait_for()
    reads: list[str] = []
    seat.page.on("request", lambda request: reads.append(request.url))
    await seat.open(f"/restorations/{one.restoration_id}")
    await seat.sees("forty-one thousand five hundred rupees", "You are another person.", "₹41,500 − ₹0 = ₹41,500")
    await seat.page.locator(".voices .good").first.wait_for()
    await seat.page.get_by_role("button", name="Approve ₹41,500").wait_for()
    assert await seat.violations() == []
    assert await seat.too_small() == []
    await seat.picture("approve-en-light")
    await seat.press("1")
    frame = seat.page.locator(".preview iframe")
    await frame.wait_for()
    assert re.search("/api/v1/documents/[0-9a-f-]{36}$", await frame.get_attribute("src") or "")
    await seat.picture("approve-document-en-light")
    await seat.press("Escape", "s")
    await seat.page.locator(".in-full .mono").first.wait_for()
    await seat.press("r")
    await seat.page.get_by_role("dialog").get_by_label("Back to").wait_for()
    assert await seat.violations() == []
    await seat.press("Escape")
    await seat.page.get_by_role("dialog").wait_for(state="detached")
    assert sum("topics=case" in url for url in reads), "the stream of the case has begun"
    assert sum(url.endswith(f"{one.restoration_id}/file") for url in reads) == 1, "and nothing is read twice"


async def approve_with_a_code(seat: Seat, code: Callable[[], str]) -> None:
    """Approve. A wrong code sends nothing, and a right one approves."""
    await seat.press("a")
    await seat.page.get_by_role("textbox", name="Code").wait_for()
    assert await seat.violations() == []
    await seat.picture("approve-code-en-light")
    await seat.type("000000")
    await seat.press("Enter")
    await seat.sees("The code is wrong")
    await seat.type(code())
    await seat.press("Enter")
    await seat.sees("Approved: ₹41,500.")


async def approve_together(seat: Seat, stage: Stage, officers: Officers, simple: Sequence[Restorable]) -> None:
    """Tick two lines. One is sent back by another officer meanwhile, and its line says so."""
    await seat.press("b")
    for one in simple:
        # A line is ticked once its file is read.
        lines = seat.page.get_by_role("dialog").get_by_role("checkbox", name=re.compile(one.ack_no), disabled=False)
        await lines.focus()
        await seat.press("Space")
    assert await seat.violations() == []
    await seat.picture("approve-simple-en-light")
    await officers.act(simple[1], "send-back", stage.engine.officer(Role.SP), reason="it is not the victim's signature")
    await seat.page.get_by_role("button", name="Approve 2 ticked, ₹32,650").focus()
    await seat.press("Enter")
    await seat.sees("1 of 2 approved", re.compile("sp-officer"))
    await seat.picture("approve-answers-en-light")


@pytest.mark.world
async def test_a_file_says_whose_money_it_is_after_two_officers_decided(stage: Stage, sit: Sitting) -> None:
    engine, officers = stage.engine, Officers(stage.engine)
    one = await officers.held(8_700_00)
    hop = await engine.pool.fetchrow("SELECT * FROM hop WHERE case_no = $1 AND hop_no = 1", one.ack_no)
    assert hop is not None
    told = transfer(
        8_700_00,
        reference=hop["reference"],
        payee={"institution": hop["institution"], "account": hop["payee_holder"]},
        payer={"institution": "HDFC", "account": "40000000888"},
    )
    later = await officers.complain(told)
    seat = await sit((await stage.officers("sp.claims", role=Role.SP))["sp.claims"], width=1440, height=900)
    await seat.open(f"/restorations/{one.restoration_id}")
    await seat.sees("Two complainants claim the same transfer")
    path = f"/api/v1/cases/{one.ack_no}/hops/1/payer-decisions"
    new = {"ack_no": later, "reason": "The statement of HDFC has it."}
    proposed = await engine.api.post(path, json=new, headers=engine.officer(Role.DESK))
    assert proposed.status_code == 200, proposed.text
    agree = f"{path}/{proposed.json()['decision_id']}/agree"
    # A new sign-in, because an agreement needs one of the last minutes.
    second = headers_of((await stage.officers("two.claims", role=Role.SUPERVISOR))["two.claims"])
    agreed = await engine.api.post(agree, json={"ack_no": later}, headers=second)
    assert agreed.status_code == 200, agreed.text
    await seat.sees("Not given back:", "This restoration was cancelled.", re.compile("The statement of HDFC has it"))
    await seat.sees(f"Its money is returned under complaint {later}, and not under this one.")
    assert await seat.page.locator("#h-credited").count() == 0, "the account is that of another victim"
    assert await seat.violations() == []


@pytest.mark.world
async def test_a_deputy_decides_an_objection_by_keyboard(stage: Stage, sit: Sitting) -> None:
    officers = Officers(stage.engine)
    one = await officers.held(9_500_00)
    await officers.act(one, "receive-application", stage.engine.officer(Role.DESK))
    await officers.act(one, "verify", stage.engine.officer(Role.IO))
    said = {"by_whom": "holder", "text": "It is the price of a phone."}
    await officers.act(one, "object", stage.engine.officer(Role.DESK), **said)
    token = (await stage.officers("dysp.decides", role=Role.DY_SP))["dysp.decides"]
    seat = await sit(token, width=1440, height=900)
    await seat.open(f"/restorations/{one.restoration_id}")
    await seat.sees("“It is the price of a phone.”", "Not decided yet.")
    await seat.page.get_by_role("button", name="Decide the objection").wait_for()
    await seat.press("d")
    dialog = seat.page.get_by_role("dialog")
    await dialog.wait_for()
    # The first field has the focus, and what an upheld objection does is said before.
    await seat.press("ArrowDown", "ArrowDown")
    await dialog.get_by_text("The victim is heard first.").wait_for()
    await dialog.get_by_text("₹9,500").wait_for()
    assert await seat.violations() == []
    await seat.picture("approve-objection-en-light")
    await seat.press("ArrowUp", "Tab")
    await seat.type("No bill was shown.")
    await seat.press("Tab", "Enter")
    await seat.sees("Your decision is recorded.")
    (objection,) = (await officers.read(one))["objections"]
    assert (objection["decision"], objection["decided_by"]) == ("dismissed", "officer:dysp.decides")
    assert await seat.pointer_moves() == 0


@pytest.mark.world
async def test_the_file_is_read_in_both_languages_and_themes_and_on_a_telephone(stage: Stage, sit: Sitting) -> None:
    one = await Officers(stage.engine).held(12_000_00)
    seat = await sit((await stage.officers("io.reads", role=Role.IO))["io.reads"])
    await seat.open(f"/restorations/{one.restoration_id}")
    for language, screens in SCREENS.items():
        if language == "hi":
            await seat.change_language("hi")
        await seat.page.locator("table.give").wait_for()
        await seat.page.locator(".docs").wait_for()
        await seat.is_read(f"approve-{language}", *screens)
