"""Logins of banks: strangers lock no bank out, and a bank learns of a login from a new address."""

import asyncio
import threading
from typing import Any

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from activities.banks.changes import write_login
from activities.outgoing import Routes, Ways, send_due
from activities.recovery.bank_letters import LOGIN_LETTERS
from activities.secrets import hash_password, is_outdated, password_fits
from adapters.messages.smtp import MailRefused, MailUnreachable
from api.banks.logins import CHECKS_OF_STRANGER_MAX, BankLogins
from api.problems import Refused
from domain.policy.callers import TryName
from tests.api.conftest import Doors
from tests.factories import rrn

EMAIL, PASSWORD = "sbin@banks.example", SecretStr("the password of SBIN")
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


class Mail:
    """A mail route that keeps letters, or fails."""

    def __init__(self, *failures: Exception) -> None:
        self.letters: list[tuple[str, str]] = []
        self.failures = list(failures)

    async def send(self, to: str, subject: str, body_text: str, message_id: str, *, attachments: Any = ()) -> None:
        """Keep it, or fail."""
        if self.failures:
            raise self.failures.pop(0)
        self.letters.append((to, body_text))


def started(doors: Doors) -> BankLogins:
    """The logins of a process that has just started."""
    return BankLogins(doors.services.ctx, doors.services.keys)


async def logs_in(doors: Doors) -> str:
    """The bank that logs in from its own address, at a process that has just started."""
    return (await started(doors).code(EMAIL, PASSWORD, HOME)).code


async def guess(doors: Doors, address: str, times: int) -> list[str]:
    logins = started(doors)
    refusals: list[str] = []
    for number in range(times):
        with pytest.raises(Refused) as refused:
            await logins.code(EMAIL, SecretStr(f"guess {number}"), address)
        refusals.append(refused.value.kind.name)
    return refusals


async def test_m5_a_stranger_who_tries_the_banks_email_does_not_lock_it_out(doors: Doors) -> None:
    limit = doors.services.ctx.policy.doors.tries[TryName.BANK_LOGINS].calls
    assert set((await guess(doors, ELSEWHERE, limit + 2))[-2:]) == {"too-many"}
    assert await logs_in(doors) == "SBIN"


async def test_m5_many_addresses_are_no_way_around_the_limit(doors: Doors) -> None:
    assert await logs_in(doors) == "SBIN"
    most = doors.services.ctx.policy.doors.tries[TryName.BANK_LOGINS_ELSEWHERE].calls
    # The bucket refills while the passwords are checked.
    refusals = [(await guess(doors, f"198.51.100.{number}", 1))[0] for number in range(2 * most)]
    assert set(refusals[: most - 1]) == {"not-logged-in"}
    assert "too-many" in refusals
    await doors.services.ctx.pool.execute("UPDATE bank_login SET verified_at = verified_at - interval '1 day'")
    assert await logs_in(doors) == "SBIN", "the bank's own address is not counted with them"


async def test_m5_a_verified_bank_is_known_to_every_process(doors: Doors) -> None:
    assert await logs_in(doors) == "SBIN"
    limit = doors.services.ctx.policy.doors.tries[TryName.BANK_LOGINS].calls
    await guess(doors, HOME, limit)
    assert await logs_in(doors) == "SBIN", "the same address as the stranger, a new process"
    assert (await guess(doors, HOME, 1)) == ["too-many"]


async def test_n8_invented_emails_stop_no_login_of_a_bank(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await logs_in(doors) == "SBIN"
    await doors.services.ctx.pool.execute("UPDATE bank_login SET verified_at = verified_at - interval '1 day'")
    logins, release = started(doors), threading.Event()

    def fits(password: SecretStr, password_hash: str) -> bool:
        return password == PASSWORD or (release.wait(20) and password_fits(password, password_hash))

    monkeypatch.setattr("api.banks.logins.password_fits", fits)
    strangers = [
        asyncio.create_task(logins.code(f"{rrn()}@x.example", SecretStr("x"), f"198.51.100.{number % 3}"))
        for number in range(135)
    ]
    _, waiting = await asyncio.wait(strangers, timeout=2)
    assert len(waiting) <= 3 * CHECKS_OF_STRANGER_MAX
    try:
        async with asyncio.timeout(10):
            assert (await logins.code(EMAIL, PASSWORD, HOME)).code == "SBIN"
    finally:
        release.set()
    refused = await asyncio.gather(*strangers, return_exceptions=True)
    assert all(isinstance(error, Refused) for error in refused)


async def test_n8_an_address_has_a_limit_whatever_emails_it_invents(doors: Doors) -> None:
    logins, kinds = started(doors), set[str]()
    for _ in range(doors.services.ctx.policy.doors.tries[TryName.BANK_LOGIN_ADDRESSES].calls + 5):
        with pytest.raises(Refused) as refused:
            await logins.check_code(f"{rrn()}@x.example", "AAAA", ELSEWHERE)
        kinds.add(refused.value.kind.name)
    assert kinds == {"not-logged-in", "too-many"}


async def test_h5_a_login_from_a_new_address_is_told_to_the_nodal_officer_once(doors: Doors) -> None:
    ctx, mail = doors.services.ctx, Mail()
    for address in (HOME, HOME, ELSEWHERE):
        await started(doors).code(EMAIL, PASSWORD, address)
    assert await send_due(ctx, Routes(Ways(mail=mail)), LOGIN_LETTERS) == 2
    assert await send_due(ctx, Routes(Ways(mail=mail)), LOGIN_LETTERS) == 0
    assert [to for to, _ in mail.letters] == ["nodal@sbin.example"] * 2
    assert {address for address in (HOME, ELSEWHERE) for _, text in mail.letters if address in text} == {
        HOME,
        ELSEWHERE,
    }


async def test_h5_a_letter_that_cannot_be_sent_becomes_a_work_item(doors: Doors) -> None:
    ctx = doors.services.ctx
    await started(doors).code(EMAIL, PASSWORD, HOME)
    assert await send_due(ctx, Routes(Ways(mail=Mail(MailUnreachable()))), LOGIN_LETTERS) == 0
    later = await ctx.pool.fetchval("SELECT next_attempt_at > now() FROM outgoing")
    assert later is True, "it is tried again"
    await ctx.pool.execute("UPDATE outgoing SET next_attempt_at = now()")
    assert await send_due(ctx, Routes(Ways(mail=Mail(MailRefused()))), LOGIN_LETTERS) == 0
    rows = await ctx.pool.fetch("SELECT institution, kind FROM desk_task WHERE cause = 'bank_login_untold'")
    assert [tuple(row) for row in rows] == [("SBIN", "phone_bank")]
    assert await ctx.pool.fetchval("SELECT outcome FROM outgoing") == "given_up"


async def test_asvs_11_2_2_a_hash_of_other_costs_is_made_again_at_the_login(doors: Doors) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD.get_secret_value())
    pool = doors.services.ctx.pool
    await pool.execute("UPDATE institution SET inbound_password_hash = $1 WHERE code = 'SBIN'", cheap)
    assert await guess(doors, ELSEWHERE, 1) == ["not-logged-in"]
    assert await pool.fetchval("SELECT inbound_password_hash FROM institution WHERE code = 'SBIN'") == cheap
    assert await logs_in(doors) == "SBIN"
    made = await pool.fetchval("SELECT inbound_password_hash FROM institution WHERE code = 'SBIN'")
    assert (is_outdated(cheap), is_outdated(made)) == (True, False)
    assert password_fits(PASSWORD, made)
    limit = doors.services.ctx.policy.doors.tries[TryName.BANK_LOGINS].calls
    await guess(doors, HOME, limit)
    assert await logs_in(doors) == "SBIN", "the new hash is remembered as verified"


async def test_a_changed_password_needs_a_check_again(doors: Doors) -> None:
    await started(doors).code(EMAIL, PASSWORD, HOME)
    await doors.services.ctx.pool.execute(
        "UPDATE institution SET inbound_password_hash = (SELECT inbound_password_hash FROM institution"
        " WHERE code = 'HDFC') WHERE code = 'SBIN'"
    )
    assert await guess(doors, HOME, 1) == ["not-logged-in"]
    with pytest.raises(Refused):
        await started(doors).code(EMAIL, PASSWORD, HOME)


async def test_a_token_ends_with_the_login_that_it_was_made_by(doors: Doors) -> None:
    ctx, login = doors.services.ctx, {"email": EMAIL, "password": PASSWORD.get_secret_value()}

    async def token() -> dict[str, str]:
        made = await doors.client.post("/banking/login", json=login)
        return {"Authorization": f"Bearer {made.json()['data']['token']}"}

    async def status(headers: dict[str, str]) -> int:
        return (await doors.client.get("/api/v1/bank/holds", headers=headers)).status_code

    before = await token()
    assert await status(before) == 200
    same = hash_password(PASSWORD)
    async with ctx.pool.acquire() as connection, connection.transaction():
        await write_login(connection, "SBIN", EMAIL, same, ctx.now(), "command:test")
    after = await token()
    assert await status(after) == 200, "a process that has not read the directory again takes a newer login"
    await ctx.directory.refresh()
    assert (await status(before), await status(after)) == (401, 200)
    async with ctx.pool.acquire() as connection, connection.transaction():
        await write_login(connection, "SBIN", EMAIL, None, ctx.now(), "command:test")
    await ctx.directory.refresh()
    assert await status(after) == 401, "a login that was taken away has no token"
