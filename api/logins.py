"""Logins of banks. A guess is slow, a repeated login is cheap, and a stranger locks no bank out.

Tries are counted by e-mail and address. Those from addresses where the bank never logged in are counted together too.
A login that was verified is kept as a keyed digest in the database. So every process knows it, also after a restart.
"""

import asyncio
import hmac
import math
import os
from collections.abc import Callable
from datetime import timedelta
from functools import cache, cached_property
from typing import Final

from pydantic import SecretStr

from activities.banks.people import code_digest
from activities.context import Context
from activities.secrets import Keys, Purpose, hash_password, is_outdated, password_fits
from api.problems import NOT_LOGGED_IN, TOO_MANY, Refused
from api.throttle import Throttle
from db.banks import bank_logins, bank_people, institutions
from db.banks.bank_people import PersonLogin
from domain.policy.callers import TryName

CHECKS_AT_ONCE: Final = 2
CHECKS_WAITING_MAX: Final = 100
REMEMBERED: Final = timedelta(hours=2)
"""This is longer than the lifetime of a token, so a bank that logs in regularly is never slowed."""


@cache
def _unknown_email_hash() -> str:
    """Return the hash that the password of an unknown e-mail is checked against.

    So this check takes as long as the check of a known e-mail.
    """
    return hash_password(SecretStr(os.urandom(16).hex()))


class BankLogins:
    """Checks the e-mail and password of an institution against its Argon2 hash."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._ctx = ctx
        self._keys = keys
        self._tries = Throttle(ctx, keys, TryName.BANK_LOGINS)
        self._elsewhere = Throttle(ctx, keys, TryName.BANK_LOGINS_ELSEWHERE)
        self._checking = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._waiting = 0

    async def code(
        self, email: str, password: SecretStr, address: str, named: Callable[[str | None], None] = lambda _: None
    ) -> str:
        """Return the code of the institution with this login. Raises `Refused`.

        `named` is told first which institution has the e-mail, or None.

        A wrong password and an unknown e-mail get the same refusal after about the same time. Too many tries for an
        e-mail and too many waiting logins get a refusal with the time to wait.
        """
        async with self._ctx.pool.acquire() as connection:
            row = await institutions.login_row(connection, email, address, self._ctx.now() - REMEMBERED)
        named(row.code if row else None)
        password_hash = _unknown_email_hash() if row is None else row.password_hash
        mark = self._mark(password, password_hash)
        is_remembered = row is not None and any(hmac.compare_digest(mark, known) for known in row.marks)
        if not is_remembered:
            await self._count(
                institutions.email_key(email), address, knows_address=row is not None and row.knows_address
            )
            if not await self._fits(password, password_hash) or row is None:
                raise Refused(NOT_LOGGED_IN, "this e-mail and password are no login")
            if is_outdated(password_hash):
                mark = await self._renewed(row.code, password, password_hash)
        assert row is not None, "a login without a row is refused"
        if not is_remembered or not row.knows_address:
            async with self._ctx.pool.acquire() as connection:
                await bank_logins.verified(connection, row.code, address, mark, self._ctx.now())
        return row.code

    async def person_of(self, email: str, address: str) -> PersonLogin | None:
        """Return the person with this e-mail, or None, also where it is the login of an institution."""
        async with self._ctx.pool.acquire() as connection:
            if await institutions.login_row(connection, email) is not None:
                return None
            return await bank_people.login_of(connection, institutions.email_key(email), address)

    async def check_person(self, login: PersonLogin, email: str, password: SecretStr, address: str) -> None:
        """Check the password of a person. Raises `Refused` as `code` does."""
        await self._count(institutions.email_key(email), address, knows_address=login.knows_address)
        known_hash = login.password_hash
        if not await self._fits(password, known_hash or _unknown_email_hash()) or known_hash is None:
            raise Refused(NOT_LOGGED_IN, "this e-mail and password are no login")

    async def check_code(self, login: PersonLogin | None, email: str, code: str, address: str) -> bytes:
        """Check the code with which a person sets a password, and return its digest. Raises as `code` does."""
        await self._count(institutions.email_key(email), address, knows_address=False)
        digest = code_digest(code)
        known = login.code_digest if login else None
        is_in_time = login is not None and login.code_until is not None and login.code_until > self._ctx.now()
        if not hmac.compare_digest(digest, known or bytes(len(digest))) or not is_in_time:
            raise Refused(NOT_LOGGED_IN, "this e-mail and code do not fit")
        return digest

    async def _count(self, email: str, address: str, *, knows_address: bool) -> None:
        """Count a try. Raises `Refused` if the e-mail has had too many, or too many logins wait."""
        wait_seconds = await self._tries.wait_seconds(f"{email}\0{address}")
        if not wait_seconds and not knows_address:
            wait_seconds = await self._elsewhere.wait_seconds(email)
        if wait_seconds or self._waiting >= CHECKS_WAITING_MAX:
            raise Refused(TOO_MANY, headers={"Retry-After": str(math.ceil(wait_seconds) or 1)})

    async def _fits(self, password: SecretStr, password_hash: str) -> bool:
        self._waiting += 1
        try:
            async with self._checking:
                return await asyncio.to_thread(password_fits, password, password_hash)
        finally:
            self._waiting -= 1

    async def _renewed(self, code: str, password: SecretStr, before: str) -> bytes:
        """Hash a verified password again, with the costs of now; return the mark of the new hash."""
        after = await asyncio.to_thread(hash_password, password)
        async with self._ctx.pool.acquire() as connection:
            await institutions.renew_hash(connection, code, before, after)
        return self._mark(password, after)

    @cached_property
    def _key(self) -> bytes:
        return self._keys.derive_key(Purpose.BANK_LOGINS)

    def _mark(self, password: SecretStr, password_hash: str) -> bytes:
        return hmac.digest(self._key, f"{password_hash}\0{password.get_secret_value()}".encode(), "sha256")
