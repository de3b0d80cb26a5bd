"""The public page of an appeal, from the reference to the decision, with real short messages and mail."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest

from activities.case.transaction import ENGINE, case_transaction
from activities.outgoing import Routes, Ways, send_due
from activities.recovery import grievance_decisions, hold_lifecycle
from activities.recovery.hold_lifecycle import HoldDeadlines
from activities.recovery.hold_releases import confirm_release
from activities.recovery.message_sending import MESSAGES
from adapters.messages.sms import SmsGateway, SmsWire
from adapters.messages.smtp import Mailer
from api.recovery.appeal_page import PAGES, TEXTS
from api.services import Services
from schemas.enums import Language, Role
from schemas.recovery.grievances import GrievanceDecided, GrievanceReport
from schemas.restoration_enums import GrievanceDecision, GrievanceLevel, KycFinding
from simulator.people import sms_gateway
from tests.activities.release_bench import HEARING, SECOND, make_io
from tests.activities.restoration_bench import officer
from tests.api.conftest import Doors, line, opened, transfer
from tests.asgi_server import served
from tests.clock import at_clock
from tests.mail_server import Postbox, mail_server

TEXT = "It is the rent for November of my tenant, Shri Verma.\nThe agreement is with me."
CONTACT = {"phone_number": "9876500000", "email": "holder@mail.example"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REPORTED = GrievanceReport(kyc=KycFinding.GENUINE, finding="a house owner")
REFERENCE = "ABCDEFGH23"
"""of no hold"""


@dataclass
class Holder:
    """A browser at the page, the clock of the world, and the messages that have arrived."""

    gateway: sms_gateway.SmsGateway
    ways: Ways
    box: Postbox
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    doors: Doors = field(init=False)

    @property
    def client(self) -> httpx.AsyncClient:
        return self.doors.client

    async def hold(self, rrn: str = "412345678901", **told: Any) -> tuple[str, UUID, str]:
        """A case with ₹5,000 on hold at SBIN, whose holder has been told; its number, hold and reference."""
        receipt = await self.doors.complain(transfers=[transfer(rrn)])
        case_no = receipt["case_ack_no"]
        await self.doors.answer("SBIN", case_no, line("held", rrn, **told))
        self.at = max(self.at, datetime.now(UTC))
        ctx = self.doors.services.ctx
        await hold_lifecycle.open_for_new_holds(ctx, case_no)
        row = await ctx.pool.fetchrow("SELECT hold_id, reference FROM account_hold WHERE case_no = $1", case_no)
        assert row is not None
        async with case_transaction(ctx, case_no, ENGINE) as work:
            await HoldDeadlines(ctx, "https://freeze.example/appeal").attend(work, row["hold_id"])
        return case_no, row["hold_id"], row["reference"]

    async def confirmed(self, hold_id: UUID) -> None:
        """A second officer confirms the release that waits, when the victims had their time."""
        self.at += HEARING
        await confirm_release(self.doors.services.ctx, hold_id, "the victim's statement read", SECOND)

    async def arrived(self) -> list[str]:
        """Send what is due, and read every short message that has come so far."""
        await send_due(self.doors.services.ctx, Routes(self.ways), MESSAGES)
        return [message.text for message in self.gateway.messages]

    async def code(self) -> str:
        """The code of the newest short message."""
        codes: list[str] = [found[0] for text in await self.arrived() if (found := re.findall(r"\b[0-9]{8}\b", text))]
        return codes[-1]

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data=fields)

    async def enter(self, reference: str, lang: str = "en") -> str:
        """Come in; the visit's path."""
        asked = await self.post(f"/appeal?lang={lang}", reference=reference, step="code")
        assert asked.status_code == 200, asked.text
        entered = await self.post(f"/appeal?lang={lang}", reference=reference, code=await self.code(), step="enter")
        assert entered.status_code == 303, entered.text
        path: str = entered.headers["location"]
        return path

    async def see(self, path: str) -> str:
        """What a reader sees of a page."""
        response = await self.client.get(path)
        assert response.status_code == 200, response.text
        return words_of(response)


def words_of(response: httpx.Response) -> str:
    body = re.sub(r"<style>.*?</style>", "", response.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@asynccontextmanager
async def a_holder(services: Services) -> AsyncIterator[Holder]:
    gateway, box = sms_gateway.SmsGateway("token"), Postbox()
    async with (
        mail_server(box) as port,
        served(gateway) as url,
        SmsGateway(SmsWire(url, "UPCOPS", "token")) as sms,
    ):
        mail = Mailer.from_url(f"smtp://127.0.0.1:{port}?from=cyber@police.example")
        made = Holder(gateway, Ways(mail=mail, sms=sms), box)
        ctx = at_clock(services.ctx, lambda: made.at)
        async with opened(replace(services, ctx=ctx)) as doors:
            made.doors = doors
            yield made


@pytest.fixture
async def holder(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Holder]:
    monkeypatch.setattr("api.recovery.appeal_page.ANSWERS_AFTER_SECONDS", 0.0)
    async with a_holder(services) as holder:
        yield holder


# -- from the reference to the decision --------------------------------------------------------------------------------


async def test_from_the_message_to_the_money(holder: Holder) -> None:
    case_no, hold_id, reference = await holder.hold(**CONTACT)
    told = next(text for text in await holder.arrived() if "Free appeal" in text)
    assert f"reference {reference}, at https://freeze.example/appeal" in told

    visit = await holder.enter(reference.lower())
    page = await holder.see(visit)
    for fact in (case_no, "₹5,000", "account ending in 0001", "State Bank of India", "helpline 1930", reference):
        assert fact in page
    assert "Asha Devi" not in page, "nothing of the victim's"
    assert "412345678901" not in page

    filed = await holder.post(visit, step="file", text=TEXT, contact="98765 00000")
    assert filed.status_code == 303
    page = await holder.see(filed.headers["location"])
    number = re.findall(r"G[0-9]{8}", page)[0]
    assert f"Your appeal is recorded. Its number is {number}." in page
    assert "Now with Your bank Answers by" in page
    assert f"Answers by {holder.at + timedelta(days=7, hours=5, minutes=30):%d-%m-%Y}" in page
    assert "Shri Verma" in page

    ctx = holder.doors.services.ctx
    grievance_id: UUID = await ctx.pool.fetchval("SELECT grievance_id FROM grievance")
    await grievance_decisions.report(ctx, grievance_id, REPORTED, "bank:SBIN", institution="SBIN")
    assert "Investigating officer" in await holder.see(visit)
    await make_io(ctx.pool, case_no)
    upheld = GrievanceDecided(level=GrievanceLevel.IO, decision=GrievanceDecision.UPHELD, reason="no agreement shown")
    await grievance_decisions.decide(ctx, grievance_id, upheld, officer("io", Role.IO))
    assert any("the hold stays" in text for text in await holder.arrived())
    page = await holder.see(visit)
    assert "Decision: the hold stays." in page
    assert "no agreement shown" in page

    more = await holder.post(visit, step="on", level="io", more="here it is")
    page = await holder.see(more.headers["location"])
    assert f"Your appeal {number} goes to the next level." in page
    assert "Now with Additional or Deputy Superintendent of Police" in page
    assert f"{holder.at + timedelta(hours=5, minutes=30):%d-%m-%Y}: Your bank answered." in page
    assert "The investigating officer decided: the hold stays." in page
    hindi = await holder.see(visit.replace("lang=en", "lang=hi"))
    assert "आपके बैंक ने उत्तर दे दिया है।" in hindi
    assert "विवेचक का निर्णय: रोक बनी रहेगी।" in hindi
    released = GrievanceDecided(
        level=GrievanceLevel.DY_SP, decision=GrievanceDecision.PART_RELEASED, released_paise=3000_00, reason="rent"
    )
    await grievance_decisions.decide(ctx, grievance_id, released, officer("dy", Role.DY_SP))
    page = await holder.see(visit)
    assert "Now with Additional or Deputy Superintendent of Police" in page, "a proposed release is no decision"
    assert await ctx.pool.fetchval("SELECT count(*) FROM bank_order") == 0
    await holder.confirmed(hold_id)
    page = await holder.see(await holder.enter(reference))
    assert "Decision: ₹3,000 is released, and the rest stays on hold." in page
    assert f"Order to the bank {holder.at + timedelta(hours=5, minutes=30):%d-%m-%Y}: release ₹3,000" in page
    assert "Take it to: Grievance officer of the district" in page
    assert await ctx.pool.fetchval("SELECT count(*) FROM bank_order WHERE reason = 'grievance'") == 1
    await holder.arrived()
    assert any("ordered to let Rs 3,000 go" in letter.get_content() for letter in holder.box.letters)


async def test_in_hindi(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference, "hi")
    assert "आपके खाते में रोकी गई राशि" in await holder.see(visit)
    filed = await holder.post(visit, step="file", text="यह मेरी दुकान की बिक्री है।")
    assert "कृपया इसे लिख लें" in await holder.see(filed.headers["location"])
    assert await holder.doors.services.ctx.pool.fetchval("SELECT language FROM grievance") == "hi"


async def test_a_code_in_hindi_digits_and_with_spaces_is_a_code(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    await holder.post("/appeal", reference=f"{reference[:5]}-{reference[5:]}", step="code")
    code = (await holder.code()).translate({ord("0") + digit: ord("०") + digit for digit in range(10)})
    entered = await holder.post("/appeal", reference=f" {reference} ", code=f"{code[:4]} {code[4:]}", step="enter")
    assert entered.status_code == 303


async def test_withdrawn_by_the_holder(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    await holder.post(visit, step="file", text=TEXT)
    gone = await holder.post(visit, step="withdraw")
    page = await holder.see(gone.headers["location"])
    assert "Your appeal was withdrawn." in page
    assert "Send the appeal" in page, "another may come while the money is on hold"


async def test_the_button_pressed_twice_is_one_appeal(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    await holder.post(visit, step="file", text=TEXT)
    again = await holder.post(visit, step="file", text=TEXT)
    assert again.status_code == 409
    assert "Something has changed in the meantime" in words_of(again)
    assert await holder.doors.services.ctx.pool.fetchval("SELECT count(*) FROM grievance") == 1


@pytest.mark.parametrize(
    ("text", "status"), [("short", 422), ("x" * 2001, 422), ("क" * 2000, 303), ("x\x00y" * 10, 303)]
)
async def test_an_appeal_has_its_limits_and_what_was_typed_stays(holder: Holder, text: str, status: int) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    response = await holder.post(visit, step="file", text=text, contact="me")
    assert response.status_code == status
    if status == 422:
        assert "An appeal has 10 to 2,000 characters." in words_of(response)
        assert f">{text}</textarea>" in response.text


async def test_the_language_is_switched_with_what_was_typed(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    shown = await holder.post(visit.replace("lang=en", "lang=hi"), step="show", text=TEXT, contact="me")
    assert '<html lang="hi"' in shown.text
    assert f">{TEXT}</textarea>" in unescape(shown.text)
    assert 'value="me"' in shown.text
    assert 'name="step" value="file" class="away"' in shown.text, "Enter files, and does not switch"
    assert await holder.doors.services.ctx.pool.fetchval("SELECT count(*) FROM grievance") == 0


async def test_what_is_typed_is_text_and_never_markup(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    await holder.post(visit, step="file", text="<script>alert(1)</script> & {{ 7 * 7 }}")
    response = await holder.client.get(visit)
    assert "<script>" not in response.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ 7 * 7 }}" in response.text


# -- the page itself ---------------------------------------------------------------------------------------------------


async def test_the_language_that_was_chosen_else_the_browsers(holder: Holder, subtests: pytest.Subtests) -> None:
    for accepts, query, words in (
        ("", "", "क्या आपके खाते में"),
        ("en-IN", "", "Is money in your account on hold?"),
        ("hi-IN,hi;q=0.9,en;q=0.8", "", "क्या आपके खाते में"),
        ("hi-IN", "?lang=en", "Is money in your account on hold?"),
        ("fr-FR,en;q=0.5", "?lang=hi", "क्या आपके खाते में"),
        ("en;q=0.3,hi;q=0.9", "", "क्या आपके खाते में"),
        ("hi;q=0,en;q=0.1", "", "Is money in your account on hold?"),
        ("en;q=none,fr", "", "क्या आपके खाते में"),
    ):
        with subtests.test(accepts=accepts):
            response = await holder.client.get(f"/appeal{query}", headers={"Accept-Language": accepts})
            assert words in words_of(response)


async def test_the_language_is_switched_without_another_code(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    before = len(await holder.arrived())
    await holder.post("/appeal?lang=en", reference=reference, step="code")
    shown = await holder.post("/appeal?lang=hi", reference=reference, step="show")
    assert "आपका कोड" in words_of(shown)
    assert len(await holder.arrived()) == before + 2


async def test_no_script_no_stranger_and_no_trace(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    for path in ("/appeal", visit):
        response = await holder.client.get(path)
        assert "script" not in response.text
        assert re.findall(r"(?:src|href|action)=\"(?:https?:)?//", response.text) == []
        for name, value in PAGES.headers.items():
            assert response.headers[name] == value
        assert response.headers["cache-control"] == "no-store"
        assert "unsafe-inline" not in response.headers["content-security-policy"]


def test_nothing_is_wider_than_a_small_phone() -> None:
    style = str(PAGES._templates.globals["style"])
    widths = re.findall(r"(?<![-\w])(?:min-)?width:([0-9.]+)(px|rem|em|ch)", style)
    # A field for a code is as wide as a code, and never wider than the page.
    assert [width for width, unit in widths if float(width) > (44 if unit == "px" else 14)] == []
    assert "max-width:100%" in style
    assert "overflow-wrap:anywhere" in style, "a long text breaks"


@pytest.mark.parametrize("path", ["/appeal", "/appeal/" + "x" * 32])
async def test_hostile_bodies_get_a_page(holder: Holder, path: str) -> None:
    for body, headers, statuses in [
        (b"\xff\xfe", FORM, {400}),
        (b"a=1&" * 50, FORM, {400}),
        (b"{}", {"Content-Type": "application/json"}, {415}),
        (b"x" * 70_000, FORM, {413}),
        (b"reference=%00%00&step=code", FORM, {410, 422}),
    ]:
        response = await holder.client.post(path, content=body, headers=headers)
        assert response.status_code in statuses, (body[:20], response.text)
        assert response.headers["content-type"].startswith("text/html")
        assert re.search("[\u0900-\u097f]", response.text), "a reader of Hindi is refused in Hindi"
        assert "is not lost" not in response.text


def test_both_languages_say_the_same_things() -> None:
    english, hindi = TEXTS[Language.EN], TEXTS[Language.HI]
    assert english.keys() == hindi.keys()
    for name, words in english.items():
        assert set(re.findall(r"\{(\w+)\}", words)) == set(re.findall(r"\{(\w+)\}", hindi[name])), name
    for level in GrievanceLevel:
        assert {f"level_{level.value}", f"by_{level.value}"} <= english.keys()
