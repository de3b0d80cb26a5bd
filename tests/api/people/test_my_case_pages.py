"""The pages about a victim's own complaint, over HTTP and without a script."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from activities.recovery import hold_lifecycle
from activities.recovery.firs import assign_officer
from activities.recovery.restoration_deadlines import RestorationActivities
from api.people.my_case_pages import COOKIE, OWN
from api.public_pages import PUBLIC, texts_of
from api.services import Services
from db.privacy import victims
from schemas.case.intake import NO_MOBILE
from schemas.case.police import NewOfficer
from schemas.enums import Language, Role
from schemas.privacy.personal_data import Reach, ReachWay
from schemas.procedures import ActionInput
from tests.api.conftest import Doors, line, opened, transfer
from tests.clock import at_clock
from tests.said import said

SIZE_MAX_BYTES = 100_000
RRN = "412345678907"
IO: dict[str, Any] = {
    "duty": "io",
    "subject": "io",
    "name": "R. Verma",
    "rank": "Inspector",
    "phone": "9000000009",
    "police_station": "Cyber Cell",
    "district": "LUCKNOW",
}


class Victim:
    """A victim with a browser that keeps cookies, and a clock that is moved."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.doors: Doors
        self.number = ""
        self.cookie = ""

    async def hold(self, contact: dict[str, str] | None = None, **changes: Any) -> None:
        """A complaint with ₹2,000 of ₹5,000 on hold. `contact` is what it tells of the victim's contacts."""
        victim = {"name": "Asha Devi", "mobile": "9876543214", "district": "LUCKNOW", "language": "en"}
        victim |= contact or {}
        receipt = await self.doors.complain(transfers=[transfer(RRN)], victim=victim, **changes)
        self.number = receipt["ack_no"]
        lines = line("held", RRN, amount="2000.00", disputed_amount="5000.00")
        await self.doors.answer("SBIN", receipt["case_ack_no"], lines)
        self.at = max(self.at, datetime.now(UTC))
        await hold_lifecycle.open_for_new_holds(self.doors.services.ctx, self.number)

    async def to_application(self) -> None:
        """Let the engine write the application."""
        ctx = self.doors.services.ctx
        await assign_officer(ctx, self.number, NewOfficer.model_validate(IO), "officer:chief")
        restoration = str(
            await ctx.pool.fetchval("SELECT restoration_id FROM restoration WHERE ack_no = $1", self.number)
        )
        self.at += timedelta(days=3)
        engine, asked = RestorationActivities(ctx), ActionInput(subject=restoration, case_no="", at=self.at)
        for due in (await engine.read_restoration_state(asked)).dues:
            if due.at <= self.at:
                await engine.move_restoration(asked.model_copy(update={"what": due.what}))
        await engine.write_application(asked)

    async def reached_by(self, reach: Reach) -> None:
        """State how the victim wants to be reached."""
        async with self.doors.services.ctx.pool.acquire() as connection, connection.transaction():
            await victims.add(connection, self.number, 1, reach, None, None, self.at, "complainant")

    async def get(self, path: str) -> httpx.Response:
        return await self.doors.client.get(path, headers=self._headers)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        response = await self.doors.client.post(path, data=fields, headers=self._headers)
        if found := re.search(rf"{COOKIE}=([^;]*)", response.headers.get("set-cookie", "")):
            self.cookie = found[1].strip('"')
        return response

    async def code(self, kind: str) -> str:
        """The newest code of a kind."""
        sent = await said(self.doors.services.ctx, kind)
        found: list[str] = re.findall(r"\b[0-9]{8}\b", sent[-1].body)
        return found[0]

    async def enter(self) -> httpx.Response:
        await self.post("/case?lang=en", number=self.number, step="code")
        code = await self.code("my_case_code")
        return await self.post("/case?lang=en", number=self.number, step="enter", code=code)

    @property
    def _headers(self) -> dict[str, str]:
        same = {"Sec-Fetch-Site": "same-origin"}
        return {**same, "Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else same


@pytest.fixture
async def victim(services: Services) -> AsyncIterator[Victim]:
    made = Victim()
    ctx = at_clock(services.ctx, lambda: made.at)
    async with opened(replace(services, ctx=ctx, public_url="https://my.example")) as doors:
        made.doors = doors
        yield made


class Outline(HTMLParser):
    """What a page has of labels, fields and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.labels, self.fields, self.ids = set[str](), set[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.ids += [told["id"] or ""] if "id" in told else []
        if tag == "label":
            self.labels.add(told.get("for") or "")
        if tag in {"input", "textarea", "select"} and told.get("type") != "hidden":
            self.fields.add(told.get("id") or "")


def check_page(response: httpx.Response) -> str:
    """Check what holds for every page; return its text."""
    assert len(response.content) <= SIZE_MAX_BYTES
    assert response.headers["cache-control"] == "no-store"
    assert "script" not in response.text.lower()
    assert "style=" not in response.text, "the content policy refuses it"
    outline = Outline(response.text)
    assert outline.fields <= outline.labels
    assert len(outline.ids) == len(set(outline.ids))
    return response.text


async def test_a_number_and_a_code_open_the_page_and_an_unknown_number_looks_the_same(victim: Victim) -> None:
    await victim.hold()
    assert "Complaint number" in check_page(await victim.get("/case?lang=en"))
    wrong = await victim.post("/case?lang=en", number="12", step="code")
    assert (wrong.status_code, "There is a problem" in check_page(wrong)) == (422, True)
    pages = []
    for number in (victim.number, "39999999999999"):
        asked = await victim.post("/case?lang=en", number=number, step="code")
        guessed = await victim.post("/case?lang=en", number=number, step="enter", code="00000000")
        assert (asked.status_code, guessed.status_code) == (200, 422)
        pages.append([check_page(one).replace(number, "N") for one in (asked, guessed)])
    assert pages[0] == pages[1]
    entered = await victim.enter()
    assert (entered.status_code, entered.headers["location"]) == (303, f"{OWN}?lang=en")
    told = entered.headers["set-cookie"].lower()
    assert all(part in told for part in ("secure", "httponly", "samesite=strict", "path=/"))
    assert victim.number not in str(entered.headers)
    shown = check_page(await victim.get(entered.headers["location"]))
    for text in ("₹2,000 of your ₹5,000 is on hold at banks", "You need not do anything now", "₹2,000 is on hold"):
        assert text in shown
    assert "30000000001" not in shown, "no account is named"
    left = await victim.post(f"{OWN}?lang=en", step="leave")
    assert (left.status_code, left.headers["location"]) == (303, "https://www.india.gov.in/")
    assert (await victim.get(OWN)).status_code == 410


async def test_codes_of_one_number_are_four_an_hour_whether_it_exists_or_not(victim: Victim) -> None:
    await victim.hold()
    for number in (victim.number, "38888888888888"):
        codes = [(await victim.post("/case", number=number, step="code")).status_code for _ in range(5)]
        assert codes == [200, 200, 200, 200, 429]


async def test_the_victim_reads_the_application_and_signs_it_by_a_code(victim: Victim) -> None:
    await victim.hold()
    await victim.to_application()
    await victim.enter()
    own = check_page(await victim.get(f"{OWN}?lang=en"))
    assert "Sign your application by" in own
    (path,) = set(re.findall(r'href="(/case/documents/[0-9a-f-]{36})\?', own))
    document = check_page(await victim.get(f"{path}?lang=en"))
    digest = await victim.doors.services.ctx.pool.fetchval(
        "SELECT encode(digest, 'hex') FROM document WHERE ack_no = $1", victim.number
    )
    assert document.count(digest) == 2, "what is signed stands on the page"
    assert "Application for restoration of held money" in document
    pdf = await victim.get(f"{path}/pdf")
    assert (pdf.headers["content-type"], pdf.content[:4]) == ("application/pdf", b"%PDF")
    sent = await victim.post(f"{path}?lang=en", step="code")
    assert sent.status_code == 303
    assert "ending in 14" in check_page(await victim.get(sent.headers["location"]))
    wrong = await victim.post(f"{path}?lang=en", step="sign", code="00000000")
    assert (wrong.status_code, "This code is wrong or too old" in check_page(wrong)) == (422, True)
    signed = await victim.post(f"{path}?lang=en", step="sign", code=await victim.code("signature_code"))
    assert signed.status_code == 303
    after = check_page(await victim.get(signed.headers["location"]))
    assert "You have signed the application" in after
    assert "Signed application GH/UP/SA/" in after
    again = await victim.post(f"{path}?lang=en", step="code")
    assert again.status_code == 409
    (found,) = (await victim.doors.read("/api/v1/restorations", Role.IO, ack_no=victim.number))["restorations"]
    view = await victim.doors.read(f"/api/v1/restorations/{found['restoration_id']}", Role.IO)
    assert [(one["digest"], one["mobile_end"]) for one in view["signatures"]] == [(digest, "14")]
    assert view["steps"][-2]["ended_by"] == "victim"


CODE_KINDS = ("my_case_code", "signature_code")


async def signed_by_codes(victim: Victim) -> str:
    """Enter the page by a code, and sign the application by another; return what the page of the application says."""
    await victim.to_application()
    assert (await victim.enter()).status_code == 303
    (path,) = set(re.findall(r'href="(/case/documents/[0-9a-f-]{36})\?', (await victim.get(f"{OWN}?lang=en")).text))
    before = check_page(await victim.get(f"{path}?lang=en"))
    assert (await victim.post(f"{path}?lang=en", step="code")).status_code == 303
    after = check_page(await victim.get(f"{path}?lang=en"))
    signed = await victim.post(f"{path}?lang=en", step="sign", code=await victim.code("signature_code"))
    assert "You have signed the application" in check_page(await victim.get(signed.headers["location"]))
    return before + after


async def unreachable(victim: Victim) -> int:
    """How many work items say that the victim cannot be told of a code."""
    found: int = await victim.doors.services.ctx.pool.fetchval(
        "SELECT count(*) FROM desk_task WHERE cause = 'unreachable' AND facts ->> 'message' = ANY ($1)", CODE_KINDS
    )
    return found


@pytest.mark.parametrize("way", [None, *ReachWay])
async def test_the_codes_of_both_pages_come_by_sms_whatever_the_way_for_news(
    victim: Victim, way: ReachWay | None
) -> None:
    await victim.hold({"email": "asha@mail.example"})
    if way is not None:
        await victim.reached_by(Reach(way=way, is_quiet=True))
    page = await signed_by_codes(victim)
    assert "Send a code to my mobile ending in 14" in page
    for kind in CODE_KINDS:
        sent = await said(victim.doors.services.ctx, kind)
        assert [(one.medium, one.address[-10:]) for one in sent] == [("sms", "9876543214")]
        assert not re.search("police|bank|case|complaint|money|application", sent[0].body, re.IGNORECASE)
    assert await unreachable(victim) == 0


async def test_without_a_mobile_the_codes_of_both_pages_come_by_email_and_name_no_matter(victim: Victim) -> None:
    await victim.hold({"mobile": NO_MOBILE, "email": "asha@mail.example"})
    await victim.reached_by(Reach(way=ReachWay.CALL, is_quiet=True))
    page = await signed_by_codes(victim)
    assert "Send a code to my e-mail address" in page
    assert "A code is on its way to your e-mail address" in page
    for kind in CODE_KINDS:
        (sent,) = await said(victim.doors.services.ctx, kind)
        assert (sent.medium, sent.address) == ("email", "asha@mail.example")
        assert not re.search("police|bank|case|complaint|money|application|1930", sent.body, re.IGNORECASE)
    own = check_page(await victim.get(f"{OWN}?lang=en&show=all"))
    assert "by a code to your e-mail address" in own
    documents = re.findall(r'href="(/case/documents/[0-9a-f-]{36})\?', own)
    pages = [check_page(await victim.get(f"{document}?lang=en")) for document in documents]
    assert any("the e-mail address of the complaint" in page for page in pages)
    assert await unreachable(victim) == 0


@pytest.mark.parametrize("email", ["", "asha@mail.example"])
@pytest.mark.parametrize("way", ReachWay)
async def test_l7_a_stranger_who_asks_for_codes_opens_no_work_item(victim: Victim, way: ReachWay, email: str) -> None:
    await victim.hold({"mobile": NO_MOBILE} | ({"email": email} if email else {}))
    await victim.reached_by(Reach(way=way))
    for _ in range(3):
        assert (await victim.post("/case?lang=en", number=victim.number, step="code")).status_code == 200
        victim.at += timedelta(minutes=20)
    assert bool(await said(victim.doors.services.ctx, "my_case_code")) is bool(email)
    assert await unreachable(victim) == 0


async def test_another_site_changes_nothing_and_a_stranger_reads_nothing(victim: Victim) -> None:
    await victim.hold()
    await victim.to_application()
    await victim.enter()
    own = (await victim.get(f"{OWN}?lang=en")).text
    (path,) = set(re.findall(r'href="(/case/documents/[0-9a-f-]{36})\?', own))
    headers = {"Cookie": f"{COOKIE}={victim.cookie}", "Sec-Fetch-Site": "cross-site"}
    forged = await victim.doors.client.post(path, data={"step": "code"}, headers=headers)
    assert forged.status_code == 403
    assert not await said(victim.doors.services.ctx, "signature_code")
    fields = {"number": victim.number, "step": "code"}
    begun = await victim.doors.client.post(path.partition("/documents")[0], data=fields, headers=headers)
    assert begun.status_code == 403, "no site begins a visit of its own complaint here"
    victim.cookie = "0" * 32
    for at in (OWN, path, f"{path}/pdf"):
        assert (await victim.get(at)).status_code == 410


async def test_a_marked_case_names_nothing_on_the_first_screen(victim: Victim) -> None:
    await victim.hold(category="Sextortion")
    await victim.enter()
    first = check_page(await victim.get(f"{OWN}?lang=en"))
    assert victim.number in first
    for text in ("₹", "money", "bank", "Sextortion", "on hold"):
        assert text not in first.split("<main", 1)[1].split("</main>", 1)[0]
    assert "Your complaint has special protection" in check_page(await victim.get(f"{OWN}?lang=en&show=all"))


async def test_the_two_questions_reach_a_supervisor_and_the_figures_without_a_number(victim: Victim) -> None:
    await victim.hold()
    await victim.enter()
    lacking = await victim.post(f"{OWN}?lang=en", step="treatment", respected="no", text="He shouted.")
    assert (lacking.status_code, "He shouted." in check_page(lacking)) == (422, True)
    sent = await victim.post(f"{OWN}?lang=en", step="treatment", respected="no", knows_next="yes", text="He shouted.")
    assert sent.status_code == 303
    shown = check_page(await victim.get(sent.headers["location"]))
    assert "Thank you for your answers" in shown
    assert "Were you treated with respect?" not in shown
    path = f"/api/v1/complaints/{victim.number}/treatment-report"
    assert (await victim.doors.read(path, Role.SUPERVISOR))["text"] == "He shouted."
    assert (await victim.doors.client.get(path, headers=victim.doors.officer(Role.IO))).status_code == 403
    figures = await victim.doors.read("/api/v1/figures/treatment", Role.SUPERVISOR)
    assert [row["is_shown"] for row in figures["total"]] == [False, False], "one answer would name the victim"


def test_both_languages_say_the_same_things() -> None:
    english, hindi = (texts_of(PUBLIC / "case")[language] for language in (Language.EN, Language.HI))
    assert english.keys() == hindi.keys()
    for name, words in english.items():
        assert set(re.findall(r"\{(\w+)\}", words)) == set(re.findall(r"\{(\w+)\}", hindi[name])), name
