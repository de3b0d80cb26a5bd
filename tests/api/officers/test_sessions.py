"""Sessions of officers: sign-in, the cookie, its limits, its end, and attacks on it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import httpx
import pytest
from starlette.types import Scope

from activities.officers import sign_in as checks
from activities.officers.enrolment import disable_officer, import_officers, reset_officer
from activities.officers.sign_in import sign_session
from activities.secrets import Process, ProcessKeys, Purpose, SecretBox
from activities.sessions import new_token, token_digest
from api.app import create_app
from api.officers import sign_in
from api.officers.sessions import COOKIE, Sessions, csrf_token
from api.parts import Part
from api.request_places import Counted, Places
from domain.policy.callers import DoorName
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry
from tests.api.conftest import complaint, new_app
from tests.api.officers.desk_browsers import HOME, ME, Desk, desk
from tests.signed_in import Browser, equip

__all__ = ["desk"]


async def test_a_request_reads_its_session_once_and_is_counted_by_its_officer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await desk.signed_in()
    looked, find = [], desk.services.sessions._find

    async def noted(token: str) -> object:
        looked.append(token)
        return await find(token)

    counted, take = [], Places.take

    def noted_caller(places: Places, scope: Scope, caller: Counted) -> object:
        counted.append(caller)
        return take(places, scope, caller)

    monkeypatch.setattr(desk.services.sessions, "_find", noted)
    monkeypatch.setattr(Places, "take", noted_caller)
    assert (await browser.ask("GET", "/api/v1/cases")).status_code == 200
    assert looked == [browser.cookie]
    assert counted == [Counted(DoorName.OFFICERS, "officer:ravi")]
    assert (await browser.ask("GET", "/api/v1/sessions")).status_code == 200
    assert looked == [browser.cookie] * 2


async def test_a_cookie_of_no_session_gets_no_body_read(desk: Desk) -> None:
    browser = await desk.signed_in()
    assert (await browser.ask("DELETE", ME)).status_code == 204
    response = await browser.ask("POST", "/api/v1/session/password", {"not": "looked at"})
    assert response.status_code == 401


async def test_an_officer_signs_in_with_password_and_code(desk: Desk) -> None:
    browser = desk.browser()
    response = await browser.sign_in(desk.ravi)
    assert response.status_code == 201, response.text
    told = response.json()
    assert (told["officer_id"], told["ends_at"]) == ("ravi", "2026-11-27T18:00:30Z")
    set_cookie = response.headers["set-cookie"]
    name, _, rest = set_cookie.partition("=")
    assert name == "__Host-goldenhour"
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert attributes == {"path=/", "secure", "httponly", "samesite=strict"}
    assert (await browser.ask("GET", ME)).json() == told
    assert (await browser.ask("GET", "/api/v1/cases")).status_code == 200
    assert await desk.outcomes() == ["credentials_set", "signed_in"]


async def test_the_database_has_only_a_digest_of_the_cookie(desk: Desk) -> None:
    browser = await desk.signed_in()
    row = await desk.services.ctx.pool.fetchrow("SELECT * FROM session")
    assert row is not None
    assert row["token_digest"] == token_digest(browser.cookie)
    assert browser.cookie not in str(dict(row))
    assert browser.csrf_token not in str(dict(row))


async def test_the_name_is_folded(desk: Desk) -> None:
    browser = desk.browser()
    assert (await browser.sign_in(desk.ravi, officer_id=" Ravi ")).json()["officer_id"] == "ravi"


@pytest.mark.parametrize("wrong", [{"password": "another one entirely"}, {"code": "000000"}, {"officer_id": "nobody"}])
async def test_every_wrong_part_gets_the_same_answer(desk: Desk, wrong: dict[str, str]) -> None:
    refused = await desk.browser().sign_in(desk.ravi, **wrong)
    told = refused.json()
    told.pop("request_id")
    assert told == {
        "type": "urn:goldenhour:problem:not-logged-in",
        "title": "There is no valid sign-in, session or token",
        "status": 401,
        "code": "not_logged_in",
        "params": {},
        "detail": sign_in.NO_SIGN_IN,
    }
    assert "set-cookie" not in refused.headers


async def test_an_unknown_name_costs_a_hash_too_and_is_not_stored(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def noted(_password: object, password_hash: str) -> bool:
        hashed.append(password_hash)
        return False

    monkeypatch.setattr(checks, "password_fits", noted)
    for name in ("ravi", "my password"):
        assert (await desk.browser().sign_in(desk.ravi, officer_id=name)).status_code == 401
    assert len(hashed) == 2
    row = await desk.services.ctx.pool.fetchrow("SELECT * FROM sign_in_entry WHERE outcome = 'unknown_name'")
    assert row is not None
    assert "my password" not in str(dict(row))
    assert row["officer_id"] is None


async def test_a_code_is_good_once(desk: Desk) -> None:
    form = desk.ravi.form()
    assert (await desk.browser().try_in(form, HOME)).status_code == 201
    assert (await desk.browser().try_in(form, HOME)).status_code == 401
    assert (await desk.outcomes())[-1] == "code_used"


async def test_a_code_that_set_the_authenticator_is_used_up(desk: Desk) -> None:
    refused = await desk.browser().sign_in(desk.ravi, code=desk.ravi.code())
    assert (refused.status_code, refused.json()["detail"]) == (401, sign_in.CODE_USED)
    assert (await desk.outcomes())[-1] == "code_used"


@pytest.mark.parametrize("wrong", [{"password": "another one entirely"}, {"officer_id": "nobody"}])
async def test_who_lacks_the_name_or_the_password_learns_of_no_used_code(desk: Desk, wrong: dict[str, str]) -> None:
    refused = await desk.browser().sign_in(desk.ravi, **{"code": desk.ravi.code(), **wrong})
    assert (refused.status_code, refused.json()["detail"]) == (401, sign_in.NO_SIGN_IN)


async def test_two_tries_at_once_with_one_code_begin_one_session(desk: Desk) -> None:
    form = desk.ravi.form()
    answers = await asyncio.gather(*(desk.browser().try_in(form, HOME) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 201), (0, 201), (1, 401), (2, 401)])
async def test_the_code_of_now_and_the_one_before_are_good(desk: Desk, steps: int, status: int) -> None:
    desk.pass_time(300)
    form = desk.ravi.form()
    assert (await desk.browser().try_in(form | {"code": desk.ravi.code(steps)}, HOME)).status_code == status


async def test_a_code_before_the_last_used_one_is_refused(desk: Desk) -> None:
    desk.pass_time(300)
    form = desk.ravi.form()
    assert (await desk.browser().try_in(form, HOME)).status_code == 201
    for steps in (-1, 0):
        assert (await desk.browser().try_in(form | {"code": desk.ravi.code(steps)}, HOME)).status_code == 401


async def test_a_recovery_code_is_good_once(desk: Desk) -> None:
    recovery = desk.ravi.recovery_codes[3].upper().replace("-", " ")
    for status in (201, 401):
        assert (await desk.browser().sign_in(desk.ravi, code="", recovery_code=recovery)).status_code == status
    assert (await desk.outcomes())[-2:] == ["signed_in", "code_used"]
    assert len(set(desk.ravi.recovery_codes)) == 10


async def test_a_form_needs_exactly_one_second_factor(desk: Desk) -> None:
    for changes in ({"code": ""}, {"recovery_code": desk.ravi.recovery_codes[0]}):
        assert (await desk.browser().sign_in(desk.ravi, **changes)).status_code == 422


async def test_fixation_a_cookie_from_before_the_sign_in_opens_nothing(desk: Desk) -> None:
    browser = desk.browser()
    planted = "A" * 43
    browser.cookie = planted
    assert (await browser.sign_in(desk.ravi)).status_code == 201
    assert browser.cookie != planted
    browser.cookie = planted
    assert not await browser.is_in()


async def test_a_new_sign_in_ends_the_session_of_the_browser(desk: Desk) -> None:
    browser = await desk.signed_in()
    before = browser.cookie
    assert (await browser.sign_in(desk.ravi)).status_code == 201
    assert await browser.is_in()
    browser.cookie = before
    assert not await browser.is_in()


async def test_the_cookie_of_an_ended_session_opens_nothing(desk: Desk) -> None:
    browser = await desk.signed_in()
    assert (await browser.ask("DELETE", ME)).status_code == 204
    assert not await browser.is_in()
    desk.pass_time(3600)
    assert not await browser.is_in()


async def test_two_tabs_share_a_session_and_its_end(desk: Desk) -> None:
    one = await desk.signed_in()
    other = Browser(desk.client, one.cookie, one.csrf_token)
    assert await other.is_in()
    assert (await one.ask("DELETE", ME)).status_code == 204
    assert not await other.is_in()


async def test_a_forged_request_of_another_site_changes_nothing(desk: Desk, subtests: pytest.Subtests) -> None:
    browser = await desk.signed_in()
    for forged in (
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": csrf_token("A" * 43)},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://desk.test"},
    ):
        with subtests.test(forged=forged):
            refused = await browser.ask("DELETE", ME, **forged)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
            closing = await browser.ask("POST", "/api/v1/desk/tasks/1/close", {"reason": "told by phone"}, **forged)
            assert (closing.status_code, closing.json()["code"]) == (403, "cross_site_request")
            assert await browser.is_in()


async def test_the_own_pages_change_things(desk: Desk, subtests: pytest.Subtests) -> None:
    for honest in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://desk.test"}, {}):
        with subtests.test(honest=honest):
            browser = await desk.signed_in()
            assert (await browser.ask("DELETE", ME, **honest)).status_code == 204


async def test_another_site_cannot_sign_a_browser_in(desk: Desk) -> None:
    refused = await desk.client.post(ME, json=desk.ravi.form(), headers={"Sec-Fetch-Site": "cross-site"})
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")


async def test_a_header_with_a_token_counts_and_not_the_cookie(desk: Desk) -> None:
    browser = await desk.signed_in()
    assert (await browser.ask("GET", "/api/v1/cases", Authorization="Bearer nonsense")).status_code == 401


async def test_a_session_ends_after_its_idle_time(desk: Desk) -> None:
    browser = await desk.signed_in()
    for _ in range(3):
        desk.pass_time(1_700)
        assert await browser.is_in()
    desk.pass_time(1_801)
    assert not await browser.is_in()


async def test_a_session_ends_after_its_longest_time_however_busy(desk: Desk) -> None:
    browser = await desk.signed_in()
    for _ in range(43_200 // 1_200 - 1):
        desk.pass_time(1_200)
        assert await browser.is_in()
    desk.pass_time(1_200)
    assert not await browser.is_in()


async def test_the_use_of_a_session_is_written_once_a_minute(desk: Desk) -> None:
    browser = await desk.signed_in()
    seen = "SELECT last_seen_at FROM session"
    began = await desk.services.ctx.pool.fetchval(seen)
    desk.pass_time(30)
    assert await browser.is_in()
    assert await desk.services.ctx.pool.fetchval(seen) == began
    desk.pass_time(31)
    assert await browser.is_in()
    assert await desk.services.ctx.pool.fetchval(seen) == began + timedelta(seconds=61)


async def test_where_nothing_can_be_written_a_session_is_still_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE in a read-only transaction")

    browser = await desk.signed_in()
    monkeypatch.setattr("db.officers.sessions.note_use", refused)
    desk.pass_time(61)
    assert await browser.is_in()
    desk.pass_time(1_740)
    assert not await browser.is_in()


async def test_a_disabled_officer_is_out_within_a_second(desk: Desk) -> None:
    browser = await desk.signed_in()
    await disable_officer(desk.services.ctx.pool, "ravi", "officer:chief")
    desk.pass_time(1.01)
    assert not await browser.is_in()
    assert (await browser.ask("GET", "/api/v1/cases")).status_code == 401
    row = await desk.services.ctx.pool.fetchrow("SELECT ended_by, end_reason FROM session")
    assert row is not None
    assert tuple(row) == ("officer:chief", "disabled")
    assert (await browser.sign_in(desk.ravi)).status_code == 401
    assert (await desk.outcomes())[-1] == "disabled"


async def test_a_reset_officer_is_out_and_has_no_credentials(desk: Desk) -> None:
    browser = await desk.signed_in()
    await reset_officer(desk.services.ctx.pool, "ravi", "officer:chief")
    desk.pass_time(1.01)
    assert not await browser.is_in()
    row = await desk.services.ctx.pool.fetchrow("SELECT ended_by, end_reason FROM session")
    assert row is not None
    assert tuple(row) == ("officer:chief", "credentials_changed")
    assert (await browser.sign_in(desk.ravi)).status_code == 401
    assert (await desk.outcomes())[-1] == "no_credentials"


async def test_a_role_that_ends_counts_within_a_second(desk: Desk) -> None:
    browser = await desk.signed_in()
    assert (await browser.ask("GET", "/api/v1/cases")).status_code == 200
    await import_officers(
        desk.services.ctx.pool, [OfficerEntry(officer_id="ravi", name="Officer ravi")], "command:test"
    )
    desk.pass_time(1.01)
    assert (await browser.ask("GET", "/api/v1/cases")).status_code == 403


async def test_an_officer_lists_and_ends_the_own_sessions(desk: Desk) -> None:
    one, other = await desk.signed_in(), await desk.signed_in()
    listed = (await one.ask("GET", "/api/v1/sessions")).json()["items"]
    assert [(item["current"], item["address"], item["way"]) for item in listed] == [
        (False, HOME, "code"),
        (True, HOME, "code"),
    ]
    assert (await one.ask("DELETE", f"/api/v1/sessions/{listed[0]['session_id']}")).status_code == 204
    assert not await other.is_in()
    assert await one.is_in()
    again = await one.ask("DELETE", f"/api/v1/sessions/{listed[0]['session_id']}")
    assert (again.status_code, again.json()["code"]) == (404, "session_not_found")


async def test_an_officer_changes_the_password_and_signs_in_again(desk: Desk) -> None:
    browser, other = await desk.signed_in(), await desk.signed_in()
    new = "another horse entirely"
    wrong = {"password": "not this one at all", "code": desk.ravi.next_code(), "new_password": new}
    common = "1q2w3e4r5t6y"
    assert (await browser.ask("POST", f"{ME}/password", wrong)).status_code == 401
    unjudged = await browser.ask("POST", f"{ME}/password", wrong | {"new_password": common})
    assert unjudged.status_code == 401, "N1: a password is judged for who has proved to be the officer"
    judged = {"password": desk.ravi.password, "code": desk.ravi.next_code(), "new_password": common}
    refused = await browser.ask("POST", f"{ME}/password", judged)
    assert (refused.status_code, refused.json()["violations"][0]["code"]) == (422, "common")
    weak = {"password": desk.ravi.password, "code": desk.ravi.next_code(), "new_password": "short"}
    refused = await browser.ask("POST", f"{ME}/password", weak)
    assert (refused.status_code, refused.json()["violations"][0]["code"]) == (422, "too_short")
    assert (await browser.ask("POST", f"{ME}/password", weak | {"new_password": new})).status_code == 204
    assert not await browser.is_in()
    assert not await other.is_in()
    assert (await browser.sign_in(desk.ravi)).status_code == 401
    assert (await browser.sign_in(desk.ravi, password=new)).status_code == 201
    assert "password_changed" in await desk.outcomes()


async def test_no_officer_ends_or_sees_the_sessions_of_another(desk: Desk) -> None:
    mine = await desk.signed_in()
    theirs = await desk.signed_in(await equip(desk.services, desk.clock, "meena", Role.SUPERVISOR))
    session_id = (await mine.ask("GET", ME)).json()["session_id"]
    assert (await theirs.ask("DELETE", f"/api/v1/sessions/{session_id}")).status_code == 404
    assert len((await theirs.ask("GET", "/api/v1/sessions")).json()["items"]) == 1
    ending = await theirs.ask("POST", "/api/v1/sessions/of/ravi/end", {"reason": "left the service"})
    assert ending.status_code == 403
    assert await mine.is_in()


async def test_an_admin_ends_every_session_of_an_officer(desk: Desk) -> None:
    mine, mine_too = await desk.signed_in(), await desk.signed_in()
    admin = await desk.signed_in(await equip(desk.services, desk.clock, "admin", Role.ADMIN))
    ending = await admin.ask("POST", "/api/v1/sessions/of/RAVI/end", {"reason": "left the service"})
    assert (ending.status_code, ending.json()) == (200, {"ended": 2})
    assert not await mine.is_in()
    assert not await mine_too.is_in()
    assert await admin.is_in()
    told = await desk.services.ctx.pool.fetch("SELECT actor, data FROM officer_event WHERE kind = 'session_ended'")
    assert [(row["actor"], row["data"]["note"]) for row in told] == [("officer:admin", "left the service")] * 2
    nobody = await admin.ask("POST", "/api/v1/sessions/of/nobody/end", {"reason": "left the service"})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "officer_not_found")


async def test_another_process_knows_the_end_within_a_second(desk: Desk) -> None:
    browser = await desk.signed_in()
    elsewhere = replace(desk.services)
    transport = httpx.ASGITransport(new_app(elsewhere))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as client:
        there = Browser(client, browser.cookie, browser.csrf_token)
        assert await there.is_in()
        assert (await browser.ask("DELETE", ME)).status_code == 204
        desk.pass_time(1.01)
        assert not await there.is_in()
    await elsewhere.end_streams()


async def test_one_more_session_than_the_most_ends_the_oldest(desk: Desk) -> None:
    desk_rules = desk.services.ctx.policy.sessions
    browsers = []
    for number in range(desk_rules.most_of_officer + 1):
        desk.pass_time(120)
        browsers.append(desk.browser())
        assert (await browsers[-1].sign_in(desk.ravi, f"203.0.113.{number}")).status_code == 201
    desk.pass_time(1.01)
    assert [await browser.is_in() for browser in browsers] == [False] + [True] * desk_rules.most_of_officer


async def test_the_sign_in_log_is_read_by_the_officer_and_by_admin_and_auditor(desk: Desk) -> None:
    mine = await desk.signed_in()
    assert (await desk.browser().sign_in(desk.ravi, "198.51.100.9", password="another one entirely")).status_code == 401
    own = (await mine.ask("GET", "/api/v1/session/sign-ins")).json()["items"]
    assert [(line["outcome"], line["address"]) for line in own[:2]] == [
        ("wrong_password", "198.51.100.9"),
        ("signed_in", HOME),
    ]
    assert (await mine.ask("GET", "/api/v1/sign-ins")).status_code == 403
    auditor = await desk.signed_in(await equip(desk.services, desk.clock, "auditor", Role.AUDITOR))
    found = (await auditor.ask("GET", "/api/v1/sign-ins?officer_id=Ravi&limit=1")).json()
    assert [line["outcome"] for line in found["items"]] == ["wrong_password"]
    after = (await auditor.ask("GET", f"/api/v1/sign-ins?officer_id=ravi&after={found['next']}")).json()
    assert [line["outcome"] for line in after["items"]] == ["signed_in", "credentials_set"]
    assert after["next"] is None
    open_now = (await auditor.ask("GET", "/api/v1/sessions/of/RAVI")).json()["items"]
    assert [(one["address"], one["current"]) for one in open_now] == [(HOME, False)]
    assert (await mine.ask("GET", "/api/v1/sessions/of/ravi")).status_code == 403


# -- what the database itself refuses ----------------------------------------------------------------------------------


async def test_the_database_refuses_to_undo(desk: Desk, subtests: pytest.Subtests) -> None:
    await equip(desk.services, desk.clock, "meena", Role.DESK)
    await desk.signed_in()
    for change in (
        "UPDATE sign_in_entry SET address = '198.51.100.1'",
        "DELETE FROM sign_in_entry",
        "UPDATE officer_totp SET last_step = last_step - 1",
        "UPDATE officer_totp SET last_step = last_step",
        "UPDATE recovery_code SET used_at = NULL",
        "UPDATE proof SET used_at = NULL",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError):
            await desk.services.ctx.pool.execute(change)


def test_the_cookie_belongs_to_one_host() -> None:
    assert COOKIE.startswith("__Host-")


async def test_an_officer_of_the_helpline_sends_a_complaint_in_a_session(desk: Desk) -> None:
    """The intake process checks a session with the public half of the key that signs it."""
    keys = desk.services.keys
    assert isinstance(keys, SecretBox)
    asha = await equip(desk.services, desk.clock, "asha", Role.INTAKE)
    browser = await desk.signed_in(asha)
    intake = replace(desk.services, keys=ProcessKeys(keys.process_key(Process.INTAKE), Process.INTAKE))
    transport = httpx.ASGITransport(create_app(intake, Part.INTAKE))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as client:
        at_intake = Browser(client, browser.cookie, browser.csrf_token)
        path, told, key = "/api/v1/complaints", complaint(), {"Idempotency-Key": "the-same-key"}
        forged = await Browser(client, browser.cookie, "x").ask("POST", path, told, **key)
        assert (forged.status_code, forged.json()["code"]) == (403, "cross_site_request")
        taken = await at_intake.ask("POST", path, told, **key)
        assert taken.status_code == 201, taken.text
        await disable_officer(desk.services.ctx.pool, "asha", "command:test")
        desk.pass_time(1)
        assert (await at_intake.ask("POST", path, told, **key)).status_code == 401
    taken_by = await desk.services.ctx.pool.fetchval("SELECT taken_by FROM complaint")
    assert taken_by == "officer:asha"
    await intake.end_streams()


async def test_intake_can_make_no_session_of_an_officer(desk: Desk) -> None:
    keys, pool, token = desk.services.keys, desk.services.ctx.pool, new_token()
    assert isinstance(keys, SecretBox)
    its = ProcessKeys(keys.process_key(Process.INTAKE), Process.INTAKE)
    with pytest.raises(KeyError):
        its.derive_key(Purpose.SESSIONS)
    browser, digest = await desk.signed_in(), token_digest(token)
    best = sign_session(its.derive_key(Purpose.SESSION_CHECKS), "ravi", digest)
    seen = await pool.fetchval("SELECT signature FROM session")
    for signature in (None, best, seen):
        await pool.execute("DELETE FROM session WHERE token_digest = $1", digest)
        await pool.execute(
            "INSERT INTO session (session_id, kind, token_digest, subject, began_at, last_seen_at, ends_at, address,"
            " way, signature) SELECT gen_random_uuid(), 'officer', $1, 'ravi', m.now, m.now, m.now + interval '1 hour',"
            " '', 'code', $2 FROM (SELECT present_moment() AS now) AS m",
            digest,
            signature,
        )
        assert await desk.services.sessions.find(token) is None
    assert await Sessions(desk.services.ctx, its).find(browser.cookie) is not None
