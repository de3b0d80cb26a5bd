"""Officers of tests, who are people in the database, and their sessions.

A session is a row and a token. No password is hashed for it.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import uuid4

from activities.officers.enrolment import import_officers
from activities.officers.sign_in import session_digest
from activities.secrets import Keys, Purpose
from api.officers.sessions import COOKIE, CSRF_HEADER, csrf_token
from db.officers import sessions
from db.pool import Pool
from schemas.enums import Role
from schemas.officers import OfficerEntry
from schemas.sign_in import SignInWay

SESSION_LASTS: Final = timedelta(hours=12)


async def enrol(pool: Pool, names: Iterable[str], roles: Iterable[Role] = tuple(Role)) -> None:
    """Write officers who have these roles, all by default."""
    having = tuple(roles)
    entries = [OfficerEntry(officer_id=name, name=f"Officer {name}", roles=having) for name in names]
    await import_officers(pool, entries, "command:test")


def session_headers(name: str) -> dict[str, str]:
    """The headers of the session that `open_sessions` writes for an officer."""
    token = _token(name)
    return {"Cookie": f"{COOKIE}={token}", CSRF_HEADER: csrf_token(token)}


async def open_sessions(pool: Pool, keys: Keys, names: Iterable[str], lasts: timedelta = SESSION_LASTS) -> None:
    """Write a session for each of these officers, who exist."""
    key = keys.derive_key(Purpose.SESSIONS)
    async with pool.acquire() as connection, connection.transaction():
        for name in names:
            digest = session_digest(key, _token(name))
            await sessions.begin(connection, uuid4(), digest, name, "192.0.2.1", "test", SignInWay.CODE, lasts)


def _token(name: str) -> str:
    return urlsafe_b64encode(sha256(f"session of {name}".encode()).digest()).rstrip(b"=").decode()
