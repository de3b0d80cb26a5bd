"""What a sign-in just now allows, and what it renews."""

from uuid import uuid4

import asyncpg
import pytest
from argon2 import PasswordHasher

from activities.officers.enrolment import import_officers
from activities.secrets import is_outdated
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry
from schemas.privacy.personal_data import WHOLE_STATE
from tests.api.officers.desk_browsers import ME, Desk, desk

__all__ = ["desk"]

RAVIS_ROLES = (Role.SP, Role.DY_SP, Role.IO, Role.ADMIN)
SECONDS = (
    "cases/29999999999999/court-orders",
    "cases/29999999999999/court-orders/1/confirm",
    "cases/29999999999999/court-orders/1/withdraw/confirm",
    "cases/29999999999999/hops/1/payer-decisions/1/agree",
    "cases/29999999999999/merges/1/agree",
    "cases/29999999999999/officer",
    "complaints/29999999999999/credit-accounts/1/confirm",
    "complaints/29999999999999/credit-accounts/1/withdraw",
    "complaints/29999999999999/victim-corrections/1/agree",
    "complaints/29999999999999/withdrawals/1/agree",
    "court-orders",
    "displays",
    "displays/1/revoke",
    "grievances/{id}/decide",
    "holds/{id}/decide-small",
    "holds/{id}/release/confirm",
    "release-brake/continue",
    "officers/asha/disable",
    "officers/asha/roles/sp/end",
    "orders/{id}/cancel",
    "orders/{id}/confirm",
    "restorations/{id}/cancel",
    "restorations/{id}/decide-objection",
    "restorations/{id}/refuse",
    "sessions/of/asha/end",
)
"""acts of a second person on money, and of one admin against another officer"""


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


async def test_asvs_7_5_3_a_code_proves_a_session_again_and_money_needs_one(desk: Desk) -> None:
    """What moves money or power needs a sign-in or a code of the last minutes. A code is good once."""
    entry = OfficerEntry(officer_id="ravi", name="Ravi", roles=RAVIS_ROLES, districts=(WHOLE_STATE,))
    await import_officers(desk.services.ctx.pool, [entry], "command:test")
    browser = await desk.signed_in()
    proof_seconds = desk.services.ctx.policy.sessions.proof_seconds
    path, body = f"/api/v1/restorations/{uuid4()}/approve", {"step": "approval", "visit_no": 1, "due_paise": 1}
    assert (await browser.ask("POST", path, body)).status_code == 404, "the proof was looked at, and was good"
    desk.pass_time(proof_seconds + 1)
    refused = await browser.ask("POST", path, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_too_old")
    for path_of_second in SECONDS:
        refused = await browser.ask("POST", f"/api/v1/{path_of_second.format(id=uuid4())}", {})
        assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_too_old"), path_of_second
    settled = {"decision": "upheld_bank", "reason": "as the bank says"}
    refused = await browser.ask("POST", "/api/v1/discrepancies/1/settle", settled)
    assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_too_old"), "it may take from what is held"
    until = (await browser.ask("GET", ME)).json()["proved_until"]

    code = desk.ravi.next_code()
    wrong = await browser.ask("POST", f"{ME}/proof", {"code": f"{(int(code) + 1) % 10**6:06}"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "proof_refused")
    proved = await browser.ask("POST", f"{ME}/proof", {"code": code})
    assert proved.status_code == 200, proved.text
    assert proved.json()["proved_until"] > until
    assert (await browser.ask("POST", f"{ME}/proof", {"code": code})).json()["code"] == "proof_refused"
    assert (await browser.ask("GET", ME)).json()["proved_until"] == proved.json()["proved_until"]
    assert (await browser.ask("POST", path, body)).status_code == 404
    with pytest.raises(asyncpg.RestrictViolationError):
        await desk.services.ctx.pool.execute("UPDATE session SET proved_at = NULL WHERE proved_at IS NOT NULL")
    outcomes = await desk.services.ctx.pool.fetch(
        "SELECT e.outcome, e.way, s.officer_id FROM sign_in_entry e LEFT JOIN session s USING (session_id)"
        " WHERE e.officer_id = 'ravi' ORDER BY e.entry_id DESC LIMIT 3"
    )
    assert [tuple(row) for row in outcomes] == [
        *(("code_used", "code", None), ("proved", "code", "ravi"), ("wrong_code", "code", None))
    ]
