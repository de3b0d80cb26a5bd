"""What a sign-in just now allows, and what it renews."""

from argon2 import PasswordHasher

from activities.secrets import is_outdated
from tests.api.officers.test_sessions import ME, Desk, desk

__all__ = ["desk"]


async def test_asvs_7_5_2_another_session_is_ended_soon_after_a_sign_in_only(desk: Desk) -> None:
    """A stolen session does not end the sessions of its officer, who signs in again and ends the stolen one."""
    stolen = await desk.signed_in()
    desk.pass_time(desk.services.ctx.policy.sessions.proof_seconds + 1)
    own = await desk.signed_in()
    listed = (await stolen.ask("GET", "/api/v1/sessions")).json()["items"]
    of = {item["current"]: f"/api/v1/sessions/{item['session_id']}" for item in listed}
    refused = await stolen.ask("DELETE", of[False])
    assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_too_old")
    assert await own.is_in()
    assert (await own.ask("DELETE", of[True])).status_code == 204
    assert not await stolen.is_in()


async def test_the_own_session_is_ended_at_any_time(desk: Desk) -> None:
    browser = await desk.signed_in()
    session_id = (await browser.ask("GET", ME)).json()["session_id"]
    desk.pass_time(desk.services.ctx.policy.sessions.proof_seconds + 1)
    assert (await browser.ask("DELETE", f"/api/v1/sessions/{session_id}")).status_code == 204
    assert not await browser.is_in()


async def test_asvs_11_2_2_a_hash_of_other_costs_is_made_again_at_the_sign_in(desk: Desk) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(desk.ravi.password)
    pool = desk.services.ctx.pool
    await pool.execute("UPDATE officer_password SET password_hash = $1", cheap)
    wrong = await desk.browser().sign_in(desk.ravi, password="not this one at all")
    assert (wrong.status_code, await pool.fetchval("SELECT password_hash FROM officer_password")) == (401, cheap)
    browser = await desk.signed_in()
    assert await browser.is_in()
    made = await pool.fetchval("SELECT password_hash FROM officer_password")
    assert (is_outdated(cheap), is_outdated(made)) == (True, False)
    assert await (await desk.signed_in()).is_in()
    assert await browser.is_in(), "a hash of now is not made again"
