"""Logins of banks. A guess is slow, a repeated login is cheap, and strangers cause little load."""

import asyncio
import hmac
import math
import os
import time
from collections import OrderedDict
from functools import cache
from typing import Final

from pydantic import SecretStr

from activities.context import Context
from activities.secrets import Keys, hash_password, password_fits
from api.problems import NOT_LOGGED_IN, TOO_MANY, Refused
from api.throttle import Throttle
from db.banks import institutions
from domain.policy.model import TryName

CHECKS_AT_ONCE: Final = 2
CHECKS_WAITING_MAX: Final = 100
REMEMBERED_MAX: Final = 1_000
REMEMBERED_SECONDS: Final = 2 * 3600.0
"""This is longer than the lifetime of a token, so a stranger who tries a bank's e-mail cannot lock out the bank."""


@cache
def _unknown_email_hash() -> str:
    """Return the hash that the password of an unknown e-mail is checked against.

    So this check takes as long as the check of a known e-mail.
    """
    return hash_password(SecretStr(os.urandom(16).hex()))


class BankLogins:
    """Checks the e-mail and password of an institution against its Argon2 hash."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._pool = ctx.pool
        self._tries = Throttle(ctx, keys, TryName.BANK_LOGINS)
        self._checking = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._waiting = 0
        # Verified logins are remembered as a MAC, under a key that exists only in this process.
        self._key = os.urandom(32)
        self._remembered: OrderedDict[bytes, float] = OrderedDict()

    async def code(self, email: str, password: SecretStr) -> str:
        """Return the code of the institution with this login. Raises `Refused`.

        A wrong password and an unknown e-mail get the same refusal after about the same time. Too many tries for an
        e-mail and too many waiting logins get a refusal with the time to wait.
        """
        async with self._pool.acquire() as connection:
            row = await institutions.login_row(connection, email)
        password_hash = _unknown_email_hash() if row is None else row.password_hash
        mark = self._mark(password, password_hash)
        if row is not None and self._remembers(mark):
            return row.code
        wait_seconds = await self._tries.wait_seconds(institutions.email_key(email))
        if wait_seconds or self._waiting >= CHECKS_WAITING_MAX:
            raise Refused(TOO_MANY, headers={"Retry-After": str(math.ceil(wait_seconds) or 1)})
        if not await self._fits(password, password_hash) or row is None:
            raise Refused(NOT_LOGGED_IN, "this e-mail and password are no login")
        self._remember(mark)
        return row.code

    async def _fits(self, password: SecretStr, password_hash: str) -> bool:
        self._waiting += 1
        try:
            async with self._checking:
                return await asyncio.to_thread(password_fits, password, password_hash)
        finally:
            self._waiting -= 1

    def _mark(self, password: SecretStr, password_hash: str) -> bytes:
        return hmac.digest(self._key, f"{password_hash}\0{password.get_secret_value()}".encode(), "sha256")

    def _remembers(self, mark: bytes) -> bool:
        return time.monotonic() - self._remembered.get(mark, -math.inf) < REMEMBERED_SECONDS

    def _remember(self, mark: bytes) -> None:
        self._remembered[mark] = time.monotonic()
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
