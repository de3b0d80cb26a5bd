"""The pages on which an officer sets credentials, signs in and out; and the first admin."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest

from activities.officers.enrolment import add_first_admin, disable_officer, import_officers, make_link
from activities.officers.sign_in import address_of, code_at, step_at
from api.officers import sign_in
from api.officers.sessions import COOKIE
from api.officers.sign_in_pages import PAGES
from api.public_pages import LANGUAGE_COOKIE
from api.services import Services
from domain.errors.officers import OfficersExist
from domain.officers.officers import password_fault
from schemas.enums import Language, Role
from schemas.officers.officers import OfficerEntry
from schemas.officers.sign_in import SignInOutcome
from tests.api.conftest import new_app
from tests.clock import Clock
from tests.signed_in import PASSWORD, equip, with_clock
from workers.setting_checks import networks_of

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
SAME = {"Sec-Fetch-Site": "same-origin"}
ENTRY = OfficerEntry(officer_id="ravi", name="R. Verma <b>", roles=(Role.DESK,))
LIFE = timedelta(minutes=15)


@dataclass
class Pages:
    services: Services
    clock: Clock
    client: httpx.AsyncClient

    async def link(self, life: timedelta = LIFE) -> str:
        """A new link of the officer."""
        await import_officers(self.services.ctx.pool, [ENTRY], "command:test")
        async with self.services.ctx.pool.acquire() as connection, connection.transaction():
            return (await make_link(connection, "ravi", "command:test", life)).path

    async def look(self, path: str) -> dict[str, str]:
        """The key and the hidden fields of the page."""
        page = await self.client.get(path)
        assert page.status_code == 200, page.text
        (key,) = re.findall(r'<dd id="key">([A-Z2-7 ]+)</dd>', page.text)
        (sealed,) = re.findall(r'name="sealed" value="([^"]+)"', page.text)
        return {"secret": key.replace(" ", ""), "sealed": unescape(sealed), "text": page.text}

    async def put(self, path: str, seen: dict[str, str], **changes: str) -> httpx.Response:
        code = code_at(seen["secret"], step_at(self.clock.at))
        form = {"sealed": seen["sealed"], "password": PASSWORD, "again": PASSWORD, "code": code, **changes}
        return await self.client.post(path, data=form, headers=SAME)


@pytest.fixture
async def pages(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pages]:
    monkeypatch.setattr(sign_in, "ANSWERS_AFTER_SECONDS", 0)
    services, clock = with_clock(replace(services, trusted_proxies=networks_of("127.0.0.1")), NOW)
    transport = httpx.ASGITransport(new_app(services))
    english = {"Accept-Language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test", headers=english) as client:
        yield Pages(services, clock, client)
    await services.end_streams()


async def test_a_link_sets_password_and_authenticator_once(pages: Pages) -> None:
    path = await pages.link()
    seen = await pages.look(path)
    assert "R. Verma &lt;b&gt;" in seen["text"]
    assert "<svg" in seen["text"]
    assert "<script" not in seen["text"]
    done = await pages.put(path, seen)
    codes = re.findall(r"<li>([a-z2-7-]{29})</li>", done.text)
    assert (done.status_code, len(codes)) == (200, 10)
    for again in (await pages.client.get(path), await pages.put(path, seen)):
        assert again.status_code == 410
    form = {"step": "sign_in", "officer_id": "ravi", "password": PASSWORD, "code": "", "recovery_code": codes[0]}
    assert (await pages.client.post("/sign-in", data=form, headers=SAME)).status_code == 303


async def test_reading_a_link_changes_nothing_and_tells_no_later_secret(pages: Pages) -> None:
    path = await pages.link()
    thief = await pages.look(path)
    seen = await pages.look(path)
    assert thief["secret"] != seen["secret"]
    assert (await pages.put(path, seen)).status_code == 200
    form = {"step": "sign_in", "officer_id": "ravi", "password": PASSWORD}
    stolen = code_at(thief["secret"], step_at(NOW) + 1)
    assert (await pages.client.post("/sign-in", data={**form, "code": stolen}, headers=SAME)).status_code == 401


async def test_a_secret_of_one_link_is_not_taken_by_another(pages: Pages) -> None:
    first = await pages.look(await pages.link())
    second = await pages.link()
    answer = await pages.put(second, first)
    assert answer.status_code == 422
    assert "code does not fit" in answer.text


async def test_a_new_link_ends_the_one_before(pages: Pages) -> None:
    old, new = await pages.link(), await pages.link()
    assert [(await pages.client.get(path)).status_code for path in (old, new)] == [410, 200]


async def test_a_link_is_over_after_its_time_and_for_a_disabled_officer(pages: Pages) -> None:
    path = await pages.link()
    pages.clock.at += LIFE
    assert (await pages.client.get(path)).status_code == 410
    path = await pages.link()
    await disable_officer(pages.services.ctx.pool, "ravi", "command:test")
    assert (await pages.client.get(path)).status_code == 410


async def test_a_new_password_ends_the_sessions(pages: Pages) -> None:
    path = await pages.link()
    assert (await pages.put(path, await pages.look(path))).status_code == 200
    await pages.services.ctx.pool.execute(
        "INSERT INTO session"
        " (session_id, kind, token_digest, subject, began_at, last_seen_at, ends_at, address, way)"
        " VALUES (gen_random_uuid(), 'officer', sha256('a'), 'ravi', $1, $1, $2, '', 'code')",
        NOW,
        NOW + timedelta(hours=1),
    )
    pages.clock.at += timedelta(seconds=60)
    path = await pages.link()
    assert (await pages.put(path, await pages.look(path))).status_code == 200
    reason = await pages.services.ctx.pool.fetchval("SELECT end_reason FROM session")
    assert reason == "credentials_changed"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"again": "another"}, "differ"),
        ({"password": "short one", "again": "short one"}, "less than 12"),
        ({"password": "ababababababab", "again": "ababababababab"}, "repeats"),
        ({"password": "police-ravi-1930", "again": "police-ravi-1930"}, "little more than your name"),
        ({"code": "000000"}, "code does not fit"),
    ],
)
async def test_a_mistake_is_told_and_the_secret_stays(pages: Pages, changes: dict[str, str], told: str) -> None:
    path = await pages.link()
    seen = await pages.look(path)
    answer = await pages.put(path, seen, **changes)
    assert (answer.status_code, told in answer.text) == (422, True)
    assert seen["secret"] in answer.text.replace(" ", "")
    assert (await pages.put(path, seen)).status_code == 200


async def test_another_site_cannot_send_the_forms(pages: Pages) -> None:
    path = await pages.link()
    seen = await pages.look(path)
    form = {"sealed": seen["sealed"], "password": PASSWORD, "again": PASSWORD}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}, {}):
        for target in (path, "/sign-in"):
            assert (await pages.client.post(target, data=form, headers=headers)).status_code == 403


async def test_guesses_of_links_have_a_limit(pages: Pages) -> None:
    answers = [(await pages.client.get(f"/first/{'A' * 43}")).status_code for _ in range(30)]
    assert set(answers) == {410, 429}


async def test_the_page_signs_in_and_out_and_lists_sessions(pages: Pages) -> None:
    ravi = await equip(pages.services, pages.clock, "ravi", Role.DESK)
    assert "Code of your authenticator" in (await pages.client.get("/sign-in")).text
    entered = await pages.client.post("/sign-in", data={**ravi.form(), "step": "sign_in"}, headers=SAME)
    assert (entered.status_code, entered.headers["location"]) == (303, "/sign-in")
    page = await pages.client.get("/sign-in")
    assert "Signed in as ravi" in page.text
    assert page.headers["referrer-policy"] == "same-origin"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    (sent,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page.text))
    forged = await pages.client.post("/sign-in", data={"step": "sign_out", "csrf_token": "x"}, headers=SAME)
    assert forged.status_code == 403
    left = await pages.client.post("/sign-in", data={"step": "sign_out", "csrf_token": sent}, headers=SAME)
    assert left.status_code == 303
    assert COOKIE not in pages.client.cookies
    assert "Code of your authenticator" in (await pages.client.get("/sign-in")).text


async def test_the_page_speaks_both_languages_and_the_browser_keeps_the_choice(pages: Pages) -> None:
    english = (await pages.client.get("/sign-in")).text
    assert "Code of your authenticator" in english
    assert LANGUAGE_COOKIE not in pages.client.cookies
    (switch,) = re.findall(r'<a href="([^"]+)" lang="hi"', (await pages.client.get("/sign-in?to=console")).text)
    hindi = await pages.client.get(f"/sign-in{unescape(switch)}")
    assert ('lang="hi"' in hindi.text, 'name="to" value="console"' in hindi.text) == (True, True)
    (kept,) = hindi.headers.get_list("set-cookie")
    assert kept.startswith(f"{LANGUAGE_COOKIE}=hi;")
    assert {"Path=/", "Secure", "SameSite=strict"} <= set(kept.split("; "))
    assert 'lang="hi"' in (await pages.client.get("/sign-in")).text, "also without a language in the address"
    refused = await pages.client.post("/sign-in", data={"step": "sign_in", "officer_id": "ravi"}, headers=SAME)
    assert (refused.status_code, "अपना नाम" in refused.text) == (422, True)
    odd = await pages.client.get("/sign-in?lang=xx")
    assert (odd.status_code, "set-cookie" in odd.headers) == (200, False)


def test_each_outcome_of_a_try_has_a_text_in_both_languages() -> None:
    for language in Language:
        assert {f"outcome_{one}" for one in SignInOutcome} <= PAGES.texts[language].keys()


async def test_the_page_ends_another_session(pages: Pages) -> None:
    ravi = await equip(pages.services, pages.clock, "ravi", Role.DESK)
    other = await pages.client.post("/api/v1/session", json=ravi.form())
    pages.client.cookies.clear()
    await pages.client.post("/sign-in", data={**ravi.form(), "step": "sign_in"}, headers=SAME)
    page = (await pages.client.get("/sign-in")).text
    (sent,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    (session_id,) = re.findall(r'name="session_id" value="([^"]+)"', page)
    assert session_id == other.json()["session_id"]
    fields = {"step": "end", "csrf_token": sent, "session_id": session_id}
    assert (await pages.client.post("/sign-in", data=fields, headers=SAME)).status_code == 303
    assert "End this session" not in (await pages.client.get("/sign-in")).text


async def test_asvs_7_5_2_the_page_asks_for_a_new_sign_in_before_another_session_ends(pages: Pages) -> None:
    ravi = await equip(pages.services, pages.clock, "ravi", Role.DESK)
    await pages.client.post("/api/v1/session", json=ravi.form())
    pages.client.cookies.clear()
    await pages.client.post("/sign-in", data={**ravi.form(), "step": "sign_in"}, headers=SAME)
    pages.clock.at += timedelta(seconds=pages.services.ctx.policy.sessions.proof_seconds + 1)
    page = (await pages.client.get("/sign-in")).text
    (sent,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    (session_id,) = re.findall(r'name="session_id" value="([^"]+)"', page)
    fields = {"step": "end", "csrf_token": sent, "session_id": session_id}
    refused = await pages.client.post("/sign-in", data=fields, headers=SAME)
    assert (refused.status_code, "Sign in again" in refused.text) == (403, True)
    assert "End this session" in (await pages.client.get("/sign-in")).text


async def test_the_page_tells_a_wrong_try_and_too_many(pages: Pages) -> None:
    ravi = await equip(pages.services, pages.clock, "ravi", Role.DESK)
    form = {**ravi.form(password="another one entirely"), "step": "sign_in"}
    answers = [await pages.client.post("/sign-in", data=form, headers=SAME) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert "is wrong" in answers[0].text
    assert "another one entirely" not in answers[0].text
    assert int(answers[-1].headers["retry-after"]) > 0
    empty = await pages.client.post(
        "/sign-in", data={"step": "sign_in"}, headers={**SAME, "X-Forwarded-For": "192.0.2.2"}
    )
    assert empty.status_code == 422


async def test_the_first_admin_gets_a_link_and_there_is_no_second_one(pages: Pages) -> None:
    pool = pages.services.ctx.pool
    entry = OfficerEntry(officer_id="Chief@police.example", name="The Chief")
    link = await add_first_admin(pool, entry, "command:root", LIFE)
    assert link.valid_until == NOW + LIFE
    assert (await pages.client.get(link.path)).status_code == 200
    for name in ("chief@police.example", "another"):
        with pytest.raises(OfficersExist):
            await add_first_admin(pool, OfficerEntry(officer_id=name, name="Another"), "command:root", LIFE)
    rows = await pool.fetch("SELECT officer_id, role, given_by FROM officer_role")
    assert [tuple(row) for row in rows] == [("chief@police.example", "admin", "command:root")]
    kinds = [row["kind"] for row in await pool.fetch("SELECT kind FROM officer_event ORDER BY event_id")]
    assert kinds == ["added", "role_given", "link_made"]


async def test_two_first_admins_at_once_are_one(pages: Pages) -> None:
    pool = pages.services.ctx.pool
    entries = [OfficerEntry(officer_id=f"chief{one}", name="The Chief") for one in range(4)]
    done = await asyncio.gather(
        *(add_first_admin(pool, entry, "command:root", LIFE) for entry in entries), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["OfficersExist"] * 3 + ["SignInLink"]


def test_the_picture_has_what_an_app_reads() -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert address_of(secret, "r@police.example") == (
        f"otpauth://totp/goldenhour:r%40police.example?secret={secret}&issuer=goldenhour"
    )


@pytest.mark.parametrize("step", range(3))
def test_codes_are_those_of_rfc_6238(step: int) -> None:
    """Appendix B, SHA-1, cut to six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    known = [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
    at, code = known[step]
    assert code_at(secret, step_at(datetime.fromtimestamp(at, UTC))) == code


def test_a_password_of_any_signs_is_taken() -> None:
    assert password_fault("पाँच अलग शब्द एक साथ", "ravi") is None
    assert password_fault("x" * 12, "ravi") == "too_simple"
    assert password_fault("correct horse battery" * 10, "ravi") == "too_long"
