"""Tokens with which scripts call the API. The database keeps only the SHA-256 of a token."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from db.clock import present_moment
from db.officers import script_tokens
from db.pool import Pool
from domain.errors.officers import ScriptTokenNotFound
from schemas.officers.officers import NewScriptToken, PlacedDisplay

PREFIX: Final = "ghs_"
"""beginning of every token of a script, by which it is told from the tokens of officers"""
DISPLAY_PREFIX: Final = "ghd_"
"""beginning of the secret in the browser of a display"""
TOKEN_BYTES: Final = 32


def digest_of(token: str) -> bytes:
    """Return the digest by which the database knows a token."""
    return hashlib.sha256(token.encode()).digest()


async def issue(pool: Pool, new: NewScriptToken, actor: str) -> tuple[int, str]:
    """Issue a token for a script. Return its number and the token, which is kept nowhere."""
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        ends_at = now + timedelta(days=new.days)
        token_id = await script_tokens.add(connection, new.name, digest_of(token), new.roles, now, ends_at, actor)
    return token_id, token


async def place(pool: Pool, token: str) -> tuple[PlacedDisplay, str] | None:
    """Exchange the token of a display for the secret of its browser, once. Return the display and the secret.

    Return None for a token that is no display's, that is over, or that was exchanged before.
    """
    secret = DISPLAY_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    async with pool.acquire() as connection:
        placed = await script_tokens.place(connection, digest_of(token), digest_of(secret))
    return None if placed is None else (placed, secret)


async def revoke(pool: Pool, token_id: int, actor: str, *, only_display: bool = False) -> None:
    """Revoke a token; a repeated revocation changes nothing. Raises `ScriptTokenNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        if not await script_tokens.revoke(connection, token_id, now, actor, only_display=only_display):
            raise ScriptTokenNotFound(token_id)
