"""Appeals of account holders and the day of a Lok Adalat: filed, decided, recorded and confirmed by keyboard."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from playwright.async_api import Route as Request

from schemas.enums import Role
from schemas.recovery.court_orders import AccountOfDay, CourtDayLine, CourtDayPage, CourtDayStanding, HearingOfDay
from schemas.restoration_enums import RestorationState, Route, Step
from simulator import ScriptedAnswer, hold_row
from simulator.people.police import one_page_pdf
from tests.api.role_matrix import BODIES
from tests.browser.conftest import Sitting, Stage
from tests.browser.seat import Seat
from tests.factories import rrn, transfer

HELD_PAISE: Final = 80_000_00
OPENED_SECONDS: Final = 240.0
"""the longest that a bank and the engine need to open a hold on a busy machine"""


async def held(stage: Stage) -> str:
    """Let a bank hold all money of a case; gives the case's number, once the hold is open."""
    engine = stage.engine
    bank = next(one for one in engine.sim.institutions if one.answer_class == "api")
    reference = rrn()
    engine.sim.script(bank=bank.code, rrn=reference, answers=[ScriptedAnswer((hold_row(reference, HELD_PAISE),))])
    told = transfer(HELD_PAISE, payee_bank=bank.code, reference=reference)
    # An account of its own, because holds of one account are read together.
    told["payee"]["account"] = reference
    case_no = await engine.complain(told)

    async def opened() -> bool:
        return bool((await engine.read("/holds", ack_no=case_no))["items"])

    await engine.until(opened, OPENED_SECONDS, f"the hold of {case_no} is opened")
    return case_no


async def assign(stage: Stage, case_no: str, subject: str) -> None:
    """Make an officer the investigating officer of a case."""
    body, headers = BODIES["officer"] | {"subject": subject}, stage.engine.officer(Role.SUPERVISOR)
    answer = await stage.engine.api.post(f"/api/v1/cases/{case_no}/officer", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def looked_at(seat: Seat, name: str) -> None:
    """Keep a picture of the page, and check it."""
    await seat.picture(name)
    assert await seat.violations() == []
    assert await seat.too_small() == []
    assert not await seat.is_wider_than_screen()


async def at_the_counter(desk: Seat, hold: dict[str, Any]) -> None:
    """File the appeal of a holder who has come, and enter the report of the bank."""
    await desk.open("/appeals")
    await desk.page.get_by_role("button", name=re.compile("^File an appeal")).wait_for()
    await desk.press("f")
    await desk.page.get_by_role("dialog").wait_for()
    # The holder reads out the reference of the message, and the hold is told by its account.
    await desk.type(hold["reference"].lower())
    named = f"••{hold['account_end']} · ₹80,000"
    await desk.page.get_by_role("dialog").get_by_text(named).wait_for(state="attached")
    await desk.press("Tab", "Tab")
    await desk.type("It is the rent of my tenant.")
    await desk.press("Tab", "Tab", "Tab", "Enter")
    await desk.page.get_by_role("heading", name=re.compile(r"^Appeal G\d+")).wait_for()
    await desk.page.get_by_role("button", name=re.compile("^Enter the bank’s report")).wait_for()
    await desk.page.locator("#main").focus()
    await desk.press("r")
    await desk.page.get_by_role("dialog").wait_for()
    # Nothing of the customer is chosen for the officer.
    assert await desk.page.get_by_label("What the bank found of its customer").input_value() == ""
    await desk.press("ArrowDown", "Tab")
    await desk.type("A house owner, visited.")
    await desk.press("Tab", "Enter")
    await desk.page.get_by_role("listitem").get_by_text("bank reported").wait_for()


async def test_an_appeal_goes_from_the_counter_to_a_proposed_release(stage: Stage, sit: Sitting) -> None:
    case_no = await held(stage)
    tokens = {
        **await stage.officers("desk.appeals", role=Role.DESK),
        **await stage.officers("io.appeals", role=Role.IO),
        **await stage.officers("dysp.appeals", role=Role.DY_SP),
    }
    await assign(stage, case_no, "io.appeals")
    desk = await sit(tokens["desk.appeals"])
    await at_the_counter(desk, (await stage.engine.read("/holds", ack_no=case_no))["items"][0])

    officer = await sit(tokens["io.appeals"], width=1440, height=900)
    await officer.open("/appeals")
    await officer.page.get_by_role("heading", name=re.compile(r"^Appeal G\d+")).wait_for()
    await officer.sees("It is the rent of my tenant.", "A house owner, visited.", "eighty thousand", "15 d left")
    await looked_at(officer, "appeals-en-light-1440")
    await officer.press("d")
    await officer.page.get_by_role("dialog").wait_for()
    await officer.press("ArrowDown", "Tab")
    await officer.type("90000")
    await officer.sees("Give a sum above zero and below ₹80,000.")
    await officer.press("Control+a")
    await officer.type("20000")
    await officer.sees("twenty thousand")
    await officer.press("Tab")
    await officer.type("The rent is shown by the lease.")
    await looked_at(officer, "appeals-decide-en-light")
    await officer.press("Tab", "Enter")
    await officer.sees("Proposed by io.appeals", "The rent is shown by the lease.")
    assert await officer.pointer_moves() == await desk.pointer_moves() == 0

    # The second officer sees it on a telephone, and may not confirm while the victims are heard.
    second = await sit(tokens["dysp.appeals"], language="hi", theme="dark", width=360, height=740)
    await second.open("/appeals")
    confirming = second.page.get_by_role("button", name=re.compile("^₹20,000 छोड़ने की पुष्टि करें"))
    await confirming.wait_for()
    assert await confirming.is_disabled()
    await second.sees("पीड़ितों का समय पूरा होने पर इसकी पुष्टि हो सकती है।")
    await looked_at(second, "appeals-hi-dark-360")
    await second.press("x")
    rejecting = second.page.get_by_role("dialog")
    await rejecting.locator(".btn.danger").wait_for()
    assert await rejecting.locator(".btn.first, .btn:focus").count() == 0
    await second.press("Escape")
    await rejecting.wait_for(state="detached")
    hold = (await stage.engine.read("/holds", ack_no=case_no))["items"][0]
    assert hold["waits_for"] == "victim_is_heard"


def line(case_no: str, **changes: object) -> CourtDayLine:
    """Return a file of the day as the API lists it; the months before the Lok Adalat are not played here."""
    now = datetime.now(UTC)
    ready = CourtDayLine(
        restoration_id=uuid4(),
        case_ack_no=case_no,
        ack_no=case_no,
        round_no=1,
        route=Route.LOK_ADALAT,
        state=RestorationState.OPEN,
        step=Step.LOK_ADALAT_AWARD,
        visit_no=1,
        district="LUCKNOW",
        due_at=now + timedelta(days=9),
        overdue=False,
        held_paise=HELD_PAISE,
        accounts=(AccountOfDay(institution="SBIN", account_end="4471", held_paise=HELD_PAISE),),
        applied_at=now - timedelta(days=20),
        signed_by_code=True,
        notices=1,
        notices_issued=1,
        open_objections=0,
        open_appeals=0,
        contested=0,
        is_ready=True,
        standing=CourtDayStanding.WAITS,
        hearing=None,
        order=None,
    )
    return ready.model_copy(update=changes)


async def hearing_is_looked_at(seat: Seat) -> None:
    """Open the dialog of a hearing for the ticked files, and close it."""
    await seat.press("h")
    dialog = seat.page.get_by_role("dialog")
    await dialog.get_by_label("Day of the hearing").wait_for()
    # Each ticked file is named by its account, and by the day that stands.
    await dialog.get_by_text("so far 15-01-2027, Permanent Lok Adalat, Lucknow").wait_for()
    assert await dialog.get_by_text("State Bank of India ••4471").count() == 3
    await looked_at(seat, "court-day-hearing-en-light")
    await seat.press("Escape")
    await dialog.wait_for(state="detached")


TELEPHONE: Final[dict[str, Any]] = {"language": "hi", "theme": "dark", "width": 360, "height": 740}


async def hearing_on_a_telephone(phone: Seat, answer: Callable[[Request], Awaitable[None]]) -> None:
    """Open the dialog of a hearing on a small dark screen, in Hindi."""
    await phone.page.route(re.compile(r"/api/v1/court-day\?"), answer)
    await phone.open("/court-day?court=Permanent%20Lok%20Adalat%2C%20Lucknow")
    await phone.page.locator(".courtday-files").wait_for()
    await phone.page.locator("#main").focus()
    await phone.press("Shift+A", "h")
    await phone.page.get_by_role("dialog").locator("input[type=date]").wait_for()
    await looked_at(phone, "court-day-hearing-hi-dark-360")


async def test_one_order_is_recorded_for_many_files_and_confirmed(stage: Stage, sit: Sitting, tmp_path: Path) -> None:
    cases = [await held(stage), await held(stage)]
    empty = await stage.engine.complain(transfer(HELD_PAISE, payee_bank="HDFC", reference=rrn()))
    late = {"is_ready": False, "notices_issued": 0, "overdue": True, "open_appeals": 1, "applied_at": None}
    hearing = HearingOfDay(
        court_hearing_id=1,
        held_on=date(2027, 1, 15),
        court="Permanent Lok Adalat, Lucknow",
        recorded_by="officer:desk.court",
        recorded_at=datetime.now(UTC),
    )
    day = CourtDayPage(
        items=(*map(line, cases), line(empty, hearing=hearing), line("21112600099999", **late)), next=None
    )

    async def answer(route: Request) -> None:
        await route.fulfill(body=day.model_dump_json(), content_type="application/json")

    tokens = {
        **await stage.officers("desk.court", role=Role.DESK),
        **await stage.officers("sp.court", role=Role.SP),
    }
    award = tmp_path / "award.pdf"
    award.write_bytes(one_page_pdf("award"))
    seat = await sit(tokens["desk.court"], width=1440, height=900)
    await seat.page.route(re.compile(r"/api/v1/court-day\?"), answer)
    await seat.open("/court-day?court=Permanent%20Lok%20Adalat%2C%20Lucknow")
    await seat.sees("4 files", "application not signed", "notices to holders: 0 of 1")
    await looked_at(seat, "court-day-en-light-1440")
    await seat.page.emulate_media(media="print")
    await seat.picture("court-day-print")
    assert await seat.page.locator(".courtday-choices").is_hidden()
    await seat.page.emulate_media(media="screen")
    await seat.press("Shift+A")
    await seat.sees("3 ticked", "15-01-2027")
    await hearing_is_looked_at(seat)
    dialog = seat.page.get_by_role("dialog")
    await hearing_on_a_telephone(await sit(tokens["desk.court"], **TELEPHONE), answer)
    await seat.press("t")
    await dialog.wait_for()
    await seat.type("7/26")
    await seat.page.locator("input[type=file]").set_input_files(award)
    await dialog.get_by_text("two lakh forty thousand").wait_for()
    sum_of_one = dialog.get_by_label(f"Sum of the order for {cases[0]}")
    await sum_of_one.fill("90000")
    await dialog.get_by_text("Give a sum in rupees of at most ₹80,000, or leave it empty.").wait_for()
    await sum_of_one.fill("")
    await looked_at(seat, "court-day-record-en-light")
    await seat.press("Enter")
    # Nothing is on hold in one of the cases, so nothing is recorded until it is left out.
    await dialog.get_by_text("nothing is on hold in this case").wait_for()
    await dialog.get_by_role("button", name="Leave them out").focus()
    await seat.press("Enter")
    await dialog.get_by_role("button", name="Record for 2 cases").focus()
    await seat.press("Enter")
    await dialog.get_by_text("The order is recorded in 2 cases.").wait_for()
    assert await dialog.get_by_role("button", name="Cancel").count() == 0
    await seat.press("Tab", "Enter")
    await dialog.wait_for(state="detached")
    await seat.page.locator("#main").focus()
    await seat.press("2")
    await seat.sees("You recorded this order. Another officer confirms it.")

    await confirmed_by(await sit(tokens["sp.court"], language="hi", theme="dark", width=360, height=740))
    for case_no in cases:
        (order,) = (await stage.engine.read(f"/cases/{case_no}/police"))["court_orders"]
        assert (order["confirmed_by"], order["order_no"]) == ("officer:sp.court", "7/26")


async def confirmed_by(second: Seat) -> None:
    """Let a second officer confirm the order on a telephone, in Hindi."""
    await second.open("/court-day?list=orders")
    await second.page.get_by_role("heading", name="Permanent Lok Adalat, Lucknow, 7/26").wait_for()
    await second.sees("कुल 2 मामले")
    await looked_at(second, "court-orders-hi-dark-360")
    await second.press("a")
    dialog = second.page.get_by_role("dialog")
    await dialog.wait_for()
    await second.type("PDF पढ़ा")
    await second.press("Tab", "Enter")
    await dialog.get_by_text("2 में से 2").wait_for()
