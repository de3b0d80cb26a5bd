"""People of a bank who have logins in its inbox.

The login of the bank adds and ends them. Each sets a password by a code. The code goes to the person's own mailbox.
The login of the bank never sees it, so that it cannot act as two people.
"""

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from db.banks import bank_people
from db.banks.institutions import email_key
from db.clock import present_moment
from db.pool import Pool
from domain.errors.banks import BankPeopleTooMany, BankPersonKnown, BankPersonNotFound

CODE_LIFE: Final = timedelta(days=3)
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_CHARS: Final = 16
"""80 bits, so that the stored digest tells nothing"""


def new_code() -> str:
    """Return a code in groups of four signs."""
    signs = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_CHARS))
    return "-".join(signs[start : start + 4] for start in range(0, _CODE_CHARS, 4))


def code_digest(code: str) -> bytes:
    """Return the digest of a code, however it is spaced."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code).upper().encode()).digest()


async def add(pool: Pool, institution: str, email: str, name: str, designation: str) -> UUID:
    """Add a person, to whom a code is sent. Raises `BankPersonKnown` and `BankPeopleTooMany`."""
    person_id = uuid4()
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        try:
            await bank_people.add(connection, person_id, institution, email_key(email), name, designation, now)
        except asyncpg.UniqueViolationError:
            raise BankPersonKnown from None
        except asyncpg.CheckViolationError:
            raise BankPeopleTooMany(bank_people.PEOPLE_MAX) from None
    return person_id


async def end(pool: Pool, institution: str, person_id: UUID) -> None:
    """End a person and the sessions of the person at once. Raises `BankPersonNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await bank_people.end(connection, institution, person_id, await present_moment(connection)):
            raise BankPersonNotFound


async def renew(pool: Pool, institution: str, person_id: UUID) -> None:
    """End the password of a person, and send a new code. Raises `BankPersonNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await bank_people.renew(connection, institution, person_id, await present_moment(connection)):
            raise BankPersonNotFound
