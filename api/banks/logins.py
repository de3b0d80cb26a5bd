"""Logins of banks. A guess is slow, a repeated login is cheap, and a stranger locks no bank out.

Tries are counted by e-mail and address. Those from addresses where the bank never logged in are counted together too.
A login that was verified is kept as a keyed digest in the database. So every process knows it, also after a restart.
"""

import asyncio
import hmac
import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from activities.banks.people import code_digest
from activities.context import Context
from activities.secrets import Keys, Purpose, hash_password, is_outdated, password_fits
from api.problems import NOT_LOGGED_IN, TOO_MANY, Refused
from api.throttle import Throttle
from db.banks import bank_logins, bank_people, institutions
from db.banks.bank_people import PersonLogin
from db.banks.institutions import LoginRow
from domain.policy.callers import TryName

CHECKS_AT_ONCE: Final = 2
CHECKS_WAITING_MAX: Final = 100
CHECKS_OF_STRANGER_MAX: Final = 5
"""checks that wait or run for one address where the bank never logged in"""
REMEMBERED: Final = timedelta(hours=2)
"""This is longer than the lifetime of a token, so a bank that logs in regularly is never slowed."""


@cache
def _unknown_email_hash() -> str:
    """Return the hash that the password of an unknown e-mail is checked against.

    So this check takes as long as the check of a known e-mail.
    """
    return hash_password(SecretStr(os.urandom(16).hex()))


@dataclass(frozen=True, slots=True)
class ProvenLogin:
    """The institution of a login whose password fits."""

    code: str
    login_no: int
    """number of the login, which its tokens name"""


def _too_many(wait_seconds: float) -> Refused:
    return Refused(TOO_MANY, headers={"Retry-After": str(math.ceil(wait_seconds) or 1)})


class _Checks:
    """Checks of passwords that run or wait, with the address of each."""

    def __init__(self) -> None:
        self._running = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._of_address: Counter[str] = Counter()

    async def fits(self, password: SecretStr, password_hash: str, address: str, most_of_address: int) -> bool:
        """Return whether a password fits. Raises `Refused` if too many checks wait, of all or of the address."""
        if self._of_address.total() >= CHECKS_WAITING_MAX or self._of_address[address] >= most_of_address:
            raise _too_many(0)
        self._of_address[address] += 1
        try:
            async with self._running:
                return await asyncio.to_thread(password_fits, password, password_hash)
        finally:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]


class BankLogins:
    """Checks the e-mail and password of an institution against its Argon2 hash."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._ctx = ctx
        self._keys = keys
        self._tries = Throttle(ctx, keys, TryName.BANK_LOGINS)
        self._elsewhere = Throttle(ctx, keys, TryName.BANK_LOGINS_ELSEWHERE)
        self._of_address = Throttle(ctx, keys, TryName.BANK_LOGIN_ADDRESSES)
        self._known = _Checks()
        self._strangers = _Checks()

    async def code(
        self, email: str, password: SecretStr, address: str, named: Callable[[str | None], None] = lambda _: None
    ) -> ProvenLogin:
        """Return the institution with this login. Raises `Refused`.

        `named` is told first which institution has the e-mail, or None.

        A wrong password and an unknown e-mail get the same refusal after about the same time. Too many tries for an
        e-mail and too many waiting logins get a refusal with the time to wait.
        """
        async with self._ctx.pool.acquire() as connection:
            row = await institutions.login_row(connection, email, address, self._ctx.now() - REMEMBERED)
        named(row.code if row else None)
        password_hash = _unknown_email_hash() if row is None else row.password_hash
        mark, login_no = self._mark(password, password_hash), row.login_no if row else 0
        is_remembered = row is not None and any(hmac.compare_digest(mark, known) for known in row.marks)
        if not is_remembered:
            knows = row is not None and row.knows_address
            await self._count(institutions.email_key(email), address, knows_address=knows)
            if not await self._fits(password, password_hash, address, knows_address=knows) or row is None:
                raise Refused(NOT_LOGGED_IN, "this e-mail and password are no login")
            if is_outdated(password_hash):
                mark, login_no = await self._renewed(row, password)
        assert row is not None, "a login without a row is refused"
        if not is_remembered or not row.knows_address:
            async with self._ctx.pool.acquire() as connection:
                await bank_logins.verified(connection, row.code, address, mark, self._ctx.now())
        return ProvenLogin(row.code, login_no)

    async def person_of(self, email: str, address: str) -> PersonLogin | None:
        """Return the person with this e-mail who has set a password, or None."""
        async with self._ctx.pool.acquire() as connection:
            return await bank_people.login_of(connection, institutions.email_key(email), address)

    async def check_person(self, login: PersonLogin, email: str, password: SecretStr, address: str) -> PersonLogin:
        """Check the password of a person; return the login as it is then. Raises `Refused` as `code` does.

        A hash of other costs is made again. The person's other sessions end then.
        """
        await self._count(institutions.email_key(email), address, knows_address=login.knows_address)
        if not await self._fits(password, login.password_hash, address, knows_address=login.knows_address):
            raise Refused(NOT_LOGGED_IN, "this e-mail and password are no login")
        if not is_outdated(login.password_hash):
            return login
        after = await asyncio.to_thread(hash_password, password)
        async with self._ctx.pool.acquire() as connection:
            await bank_people.renew_hash(connection, login.person.person_id, login.password_hash, after)
        # A login whose password was changed meanwhile begins no session, because it has neither hash.
        return login.model_copy(update={"password_hash": after})

    async def check_code(self, email: str, code: str, address: str) -> tuple[UUID, bytes]:
        """Check the code with which a person sets a password. Raises as `code` does.

        Return the person and the digest of the code. An e-mail may have a code of each of several banks.
        """
        key, digest = institutions.email_key(email), code_digest(code)
        await self._count(key, address, knows_address=False)
        async with self._ctx.pool.acquire() as connection:
            person_id = await bank_people.invited(connection, key, digest)
        if person_id is None:
            raise Refused(NOT_LOGGED_IN, "this e-mail and code do not fit")
        return person_id, digest

    async def _count(self, email: str, address: str, *, knows_address: bool) -> None:
        """Count a try. Raises `Refused` if the e-mail or a stranger's address has had too many."""
        wait_seconds = 0.0 if knows_address else await self._of_address.wait_seconds(address)
        wait_seconds = wait_seconds or await self._tries.wait_seconds(f"{email}\0{address}")
        if not wait_seconds and not knows_address:
            wait_seconds = await self._elsewhere.wait_seconds(email)
        if wait_seconds:
            raise _too_many(wait_seconds)

    async def _fits(self, password: SecretStr, password_hash: str, address: str, *, knows_address: bool) -> bool:
        """Return whether a password fits. Raises `Refused` if too many checks wait.

        Banks at their own addresses have checks of their own, and one stranger has few of the others.
        """
        if knows_address:
            return await self._known.fits(password, password_hash, address, CHECKS_WAITING_MAX)
        return await self._strangers.fits(password, password_hash, address, CHECKS_OF_STRANGER_MAX)

    async def _renewed(self, row: LoginRow, password: SecretStr) -> tuple[bytes, int]:
        """Hash a verified password again, with the costs of now; return the mark of the new hash and its login."""
        after = await asyncio.to_thread(hash_password, password)
        async with self._ctx.pool.acquire() as connection:
            login_no = await institutions.renew_hash(connection, row.code, row.password_hash, after)
        # A login that was replaced meanwhile keeps its number of before, so that its token opens nothing.
        return self._mark(password, after), row.login_no if login_no is None else login_no

    @cached_property
    def _key(self) -> bytes:
        return self._keys.derive_key(Purpose.BANK_LOGINS)

    def _mark(self, password: SecretStr, password_hash: str) -> bytes:
        return hmac.digest(self._key, f"{password_hash}\0{password.get_secret_value()}".encode(), "sha256")
