"""Links by which banks set the password of their login at our API.

Each is good once, and only with its code. Two admins make such a link: one of them has the link, and the other one the
code. So no officer has a bank's password. Reading a link changes nothing, because mail scanners fetch every link.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from pydantic import SecretStr

from activities.banks import changes
from activities.context import Context
from activities.officers.sign_in import new_token, token_digest
from activities.officers.sign_in_links import TOKEN_CHARS, SignInLink, WrongLinkCode, end_not_asked, use_up
from activities.secrets import hash_password
from db import proofs
from db.banks import bank_logins
from db.banks.bank_logins import OpenLoginLink
from db.pool import Connection
from db.proofs import ProofPurpose
from domain.officers.officers import WRONG_LINK_CODES_MOST, password_fault

LOGIN_LINK_PATH: Final = "/inbox/password/"
"""path of the page behind a link, before its token"""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """The fields that the bank typed on that page."""

    password: SecretStr
    again: SecretStr
    code: str = field(repr=False)

    def fault(self, link: OpenLoginLink) -> str | None:
        """Return the code of what is wrong with it, or None. The code is checked when all else fits."""
        if self.password.get_secret_value() != self.again.get_secret_value():
            return "differs"
        return password_fault(self.password.get_secret_value(), link.institution.lower())


async def make_login_link(
    connection: Connection, code: str, email: str, by: str, now: datetime, life: timedelta, proposal_id: int
) -> SignInLink:
    """Take the password of a bank's login away, and make the link by which the bank sets another one.

    Raises as `changes.write_login` does.
    """
    await changes.write_login(connection, code, email, None, now, by)
    token = new_token()
    made = uuid4(), ProofPurpose.BANK_LOGIN_LINK, code, token_digest(token), by, life, proposal_id
    valid_until = await proofs.make_link(connection, *made)
    await bank_logins.write(connection, code, email, by, now, made[0])
    return SignInLink(f"{LOGIN_LINK_PATH}{token}", valid_until)


async def look(ctx: Context, token: str) -> OpenLoginLink | None:
    """Return the link with this token, or None if it cannot be used."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    async with ctx.pool.acquire() as connection:
        return await bank_logins.open_link(connection, token_digest(token))


async def set_password_by_link(ctx: Context, token: str, new: NewPassword) -> bool:
    """Set the password of the bank's login; false if the link was used meanwhile.

    What was typed has no fault. Raises `WrongLinkCode`, and has counted the try then.
    """
    password_hash = await asyncio.to_thread(hash_password, new.password)
    async with ctx.pool.acquire() as connection, connection.transaction():
        link = await bank_logins.open_link(connection, token_digest(token), lock=True)
        if link is None:
            return False
        fits = await use_up(connection, link, link.institution, new.code)
        if fits:
            await bank_logins.tell(connection, link.change_id, link.now)
            by = f"bank:{link.institution}"
            await changes.put_password(connection, link.institution, link.email, password_hash, link.now, by)
    if not fits:
        raise WrongLinkCode(WRONG_LINK_CODES_MOST - link.tries - 1)
    return True


async def refuse(ctx: Context, token: str) -> bool:
    """End a link that the bank did not ask for, and tell the admins; false if it was over meanwhile."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        link = await bank_logins.open_link(connection, token_digest(token), lock=True)
        if link is None:
            return False
        await end_not_asked(connection, link)
    return True
