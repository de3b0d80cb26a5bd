"""The pages without scripts: the public's and a bank's inbox, by real forms in a browser that runs no script."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from playwright.async_api import BrowserContext, Page

from api.hosts import Site
from schemas.text import IST
from tests.browser.conftest import Stage
from tests.browser.seat import PATIENCE_MS, Seat
from tests.factories import rrn, transfer

PAGE_MAX_BYTES = 100_000
TICKET_SECONDS = 240
PAISE = 4_10_000_00
Looks = Literal["wide", "small"]
LOOKS: dict[Looks, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "small": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}
LANGUAGES: dict[Looks, str] = {"wide": "en", "small": "hi"}


def site(stage: Stage, which: Site) -> str:
    """The address of a host."""
    found = stage.engine.running.site_url(which)
    assert found is not None, "the stack has TLS ports"
    return found


@asynccontextmanager
async def plain(stage: Stage) -> AsyncIterator[Page]:
    """A browser that runs no script."""
    context = await stage.browser.new_context(
        ignore_https_errors=True, java_script_enabled=False, locale="en-IN", timezone_id="Europe/Lisbon"
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    await context.close()


@asynccontextmanager
async def looking(stage: Stage, looks: Looks, cookies: list[Any]) -> AsyncIterator[Seat]:
    """A browser with tools, to look at the same pages: the pages have no script, the tools have."""
    context: BrowserContext = await stage.browser.new_context(
        ignore_https_errors=True, locale="en-IN", reduced_motion="reduce", **LOOKS[looks]
    )
    await context.add_cookies(cookies)
    seat = await Seat.taken(context, "")
    yield seat
    await seat.leave()


async def look_at(seat: Seat, url: str, name: str) -> None:
    """Check a page for everybody, and keep a picture of it."""
    answer = await seat.page.goto(url)
    assert answer is not None
    assert answer.status == 200, url
    assert len(await answer.body()) <= PAGE_MAX_BYTES, url
    assert await seat.violations() == [], url
    assert await seat.too_small() == [], url
    assert not await seat.is_wider_than_screen(), url
    await seat.picture(name)


async def silent_request(stage: Stage) -> tuple[Any, str, str]:
    """Let a bank that signs in by password be silent about a transfer; return the bank, the case and the account."""
    engine = stage.engine
    signing = {row["code"] for row in await engine.pool.fetch("SELECT institution AS code FROM bank_key")}
    bank = next(one for one in engine.sim.institutions if one.answer_class == "api" and one.code not in signing)
    reference = rrn()
    engine.sim.script(bank=bank.code, rrn=reference, answers=[])
    told = transfer(PAISE, payee_bank=bank.code, reference=reference)
    told["payee"]["account"] = reference
    case_no = await engine.complain(told)
    await engine.sim.wait_ticket(bank=bank.code, rrn=reference, timeout_seconds=TICKET_SECONDS)
    return bank, case_no, reference


async def test_a_bank_answers_in_its_inbox_without_scripts(stage: Stage) -> None:
    bank, case_no, account = await silent_request(stage)
    origin = site(stage, Site.BANK)
    async with plain(stage) as page:
        await page.goto(f"{origin}/inbox?lang=en")
        await page.get_by_label("E-mail of your bank’s login").fill(bank.inbound_email)
        await page.get_by_label("Password").fill(bank.inbound_password)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("link", name=f"account ••{account[-4:]}").first.click()
        form_url = page.url
        cookies = await page.context.cookies()
        await page.get_by_label("On hold now (₹)").fill("238500")
        await page.get_by_label("Your name").fill("R. Verma")
        await page.get_by_label("Your designation").fill("Manager")
        await page.get_by_role("button", name="Send the hold now, rest later").click()
        await page.get_by_text("The hold is sent: ₹2,38,500").wait_for()
        await page.get_by_text("Withdrawn or spent").click()
        taken_at = f"{(datetime.now(UTC) - timedelta(minutes=2)).astimezone(IST):%Y-%m-%dT%H:%M:%S}"
        amount = page.get_by_label("Amount (₹)").first
        await amount.fill("140000")
        await page.get_by_label("How").first.select_option("atm")
        await page.locator("[name$='o1.when']").fill(taken_at)
        await page.get_by_role("button", name="Check").last.click()
        await page.get_by_text("₹31,500 are missing.").wait_for()
        for looks, language in LANGUAGES.items():
            async with looking(stage, looks, cookies) as seat:
                for path in ("", "/orders", "/answered", "/keys", "/test", "/people"):
                    name = f"inbox{path.replace('/', '-') or '-holds'}-{language}-{looks}"
                    await look_at(seat, f"{origin}/inbox{path}?lang={language}", name)
                held = form_url.partition("?")[0]
                await look_at(seat, f"{held}?lang={language}&size=l", f"inbox-form-{language}-{looks}")
        await page.get_by_role("button", name="Send this, the rest stays open").click()
        await page.get_by_text("Thank you, your answer is recorded").wait_for()
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_label("Password").wait_for()
    edges = (await stage.engine.read(f"/cases/{case_no}/trail"))["edges"]
    assert edges[0]["balances_paise"] == {"held": 2_38_500_00, "withdrawn": 1_40_000_00, "in_play": 31_500_00}


async def new_code(stage: Stage, mobile: str, before: int) -> str:
    """The code of the short message to a mobile that came after so many messages."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while True:
            for message in stage.engine.sim.sms.messages[before:]:
                if message.to.endswith(mobile) and (found := re.search(r"\b[0-9]{8}\b", message.text)):
                    return found[0]
            await asyncio.sleep(0.1)


async def complain(page: Page, stage: Stage, way: str, mobile: str) -> str:
    """Fill the form with keys alone, from the four facts to the number of the complaint."""
    payer, payee = stage.engine.sim.institutions[:2]
    yesterday = datetime.now(IST) - timedelta(days=1)
    facts = {"amount": "5000", "bank": payer.name, "reference": rrn(), "day": f"{yesterday:%Y-%m-%d}", "clock": "14:02"}
    for name, value in (facts | {"account": rrn(), "to_bank": payee.name}).items():
        await page.fill(f"[name='{name}']", value)
    await page.press("button[value='send']:not(.away)", "Enter")
    await page.fill("[name='name']", "Asha Devi")
    for name, value in (("for", "self"), ("woman", "woman"), ("age", "adult")):
        await page.press(f"[name='{name}'][value='{value}']", " ")
    await page.select_option("[name='district']", "LUCKNOW")
    await page.press("#question button", "Enter")
    await page.press("[name='category'] >> nth=0", " ")
    await page.fill("[name='story']", "They said that I am under arrest, and wanted money.")
    await page.press("#question button", "Enter")
    assert await page.locator("[name='way']:checked, [name='quiet']:checked, [name='officer']:checked").count() == 0
    await page.press(f"[name='way'][value='{way}']", " ")
    assert await page.locator("[name='quiet']:checked, [name='officer']:checked").count() == 0, (
        "it answers nothing else"
    )
    await page.fill("[name='mobile']", mobile)
    if way == "email":
        await page.fill("[name='email']", "asha@victim.example")
    await page.press("#question button", "Enter")
    await page.press("button[value='send']:not(.away)", "Enter")
    return await page.locator("b.number", has_text=re.compile("^[0-9]{14}$")).inner_text()


@pytest.mark.world
async def test_a_code_opens_ones_case_whatever_way_was_chosen_for_news(stage: Stage) -> None:
    mine = site(stage, Site.MY)
    for place, way in enumerate(("sms", "call", "email", "none")):
        mobile = f"981110{rrn()[-4:]}"
        async with plain(stage) as page:
            await page.goto(f"{mine}/complain?lang=en")
            number = await complain(page, stage, way, mobile)
            await page.goto(f"{mine}/case?lang=en")
            await page.fill("[name='number']", number)
            before = len(stage.engine.sim.sms.messages)
            await page.press("button[value='code']", "Enter")
            await page.fill("[name='code']", await new_code(stage, mobile, before))
            await page.press("button[value='enter']", "Enter")
            await page.get_by_text(number).first.wait_for()
            assert await page.locator("button[value='leave']").count() == 1, "the visit is open"
            cookies, own = await page.context.cookies(), page.url.partition("?")[0]
        if place == 0:
            for looks, language in LANGUAGES.items():
                async with looking(stage, looks, cookies) as seat:
                    await look_at(seat, f"{own}?lang={language}", f"public-own-case-{language}-{looks}")


@pytest.mark.world
async def test_the_public_pages_are_one_frame_for_everybody(stage: Stage) -> None:
    mine = site(stage, Site.MY)
    async with plain(stage) as page:
        await page.goto(f"{mine}/complain?lang=en")
        await page.get_by_role("button", name="Ask").last.wait_for()
    for looks, language in LANGUAGES.items():
        async with looking(stage, looks, []) as seat:
            for path in ("/", "/complain", "/case", "/appeal", "/about", "/complain/open"):
                name = f"public{path.replace('/', '-') if path != '/' else '-doors'}-{language}-{looks}"
                await look_at(seat, f"{mine}{path}?lang={language}", name)
    async with looking(stage, "small", []) as seat:
        await look_at(seat, f"{site(stage, Site.BANK)}/inbox?lang=hi", "inbox-sign-in-hi-small")
        await look_at(seat, f"{site(stage, Site.BANK)}/?lang=en", "public-doors-of-banks-en-small")
