"""Codes that open a draft of the public page again, and the visits that they begin.

The code has 59 bits. It is computed from the draft under a secret key, so that every page can show it, and the database
has only its digest. A visit has a token in a cookie. It ends
after some time, and when the visitor leaves, so that the history of a browser opens nothing.
"""

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from activities.context import Context
from db import clock
from db.people import public_drafts
from db.people.public_drafts import PublicDraft

ALPHABET: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""letters and digits that no one mistakes for each other"""
CODE_CHARS: Final = 12
GROUP_CHARS: Final = 4
TOKEN_BYTES: Final = 32
TOKEN_CHARS: Final = 43
_CODE: Final = re.compile(f"[{ALPHABET}]{{{CODE_CHARS}}}", re.ASCII)


def codes_of(ctx: Context, draft_id: UUID) -> list[str]:
    """Return the code of a draft under every known secret key, the newest first."""
    return [_code(digest) for digest in ctx.persons.digests([f"form|draft|{draft_id}"])[0]]


def code_of(ctx: Context, draft: PublicDraft) -> str:
    """Return the code that opens a draft again; empty if the key that it was made with is gone."""
    codes = codes_of(ctx, draft.draft_id)
    return next((code for code in codes if draft.code_digest in digests_of(ctx, code)), "")


def _code(digest: bytes) -> str:
    number, letters = int.from_bytes(digest, "big"), []
    for _ in range(CODE_CHARS):
        number, at = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[at])
    return "".join(letters)


def shown(code: str) -> str:
    """Return a code in groups, as a person writes it down."""
    return "-".join(code[at : at + GROUP_CHARS] for at in range(0, CODE_CHARS, GROUP_CHARS))


def read_code(typed: str) -> str:
    """Return a code as it is kept, however it is typed; empty for a text that is no code."""
    code = re.sub(r"[\s-]", "", typed[: 4 * CODE_CHARS]).upper()
    return code if _CODE.fullmatch(code) else ""


def digests_of(ctx: Context, code: str) -> list[bytes]:
    """Return the digests of a code under every known secret key, the newest first."""
    return ctx.persons.digests([f"form|code|{code}"])[0]


async def of_code(ctx: Context, code: str) -> PublicDraft | None:
    """Return the open draft of a code, or None."""
    async with ctx.pool.acquire() as connection:
        return await public_drafts.of_code(connection, digests_of(ctx, code)) if code else None


async def begin_visit(ctx: Context, draft_id: UUID) -> str:
    """Open a draft in a browser; return the token of the visit. An earlier visit of the draft ends."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with ctx.pool.acquire() as connection:
        now = await clock.present_moment(connection)
        until = now + timedelta(seconds=ctx.policy.public_form.visit_seconds)
        await public_drafts.begin_visit(connection, draft_id, _of_token(token), now, until)
    return token


async def visit(ctx: Context, token: str) -> PublicDraft | None:
    """Return the draft of a visit, and prolong the visit; None if it is over or unknown."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    rules = ctx.policy.public_form
    idle, longest = timedelta(seconds=rules.visit_seconds), timedelta(seconds=rules.visit_max_seconds)
    async with ctx.pool.acquire() as connection:
        now = await clock.present_moment(connection)
        return await public_drafts.visit(connection, _of_token(token), now, idle, longest)


async def leave(ctx: Context, token: str) -> None:
    """End a visit. Its draft stays, and opens by its code."""
    if len(token) == TOKEN_CHARS and token.isascii():
        async with ctx.pool.acquire() as connection:
            await public_drafts.end_visit(connection, _of_token(token))


def _of_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
