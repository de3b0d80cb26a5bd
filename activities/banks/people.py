"""Banks' people, their logins and links.

People of a bank who have logins in its inbox. The login of the bank adds and ends them. Each sets a password by a code.
The code goes to the person's own mailbox. The login of the bank never sees it, so that it cannot act as two people.

Links by which banks set the password of their login at our API. Each is good once, and only with its code. Two admins
make such a link: one of them has the link, and the other one the code. So no officer has a bank's password. Reading a
link changes nothing, because mail scanners fetch every link.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import asyncpg
from pydantic import SecretStr

from activities.banks import changes
from activities.context import Context
from activities.officers.enrolment import SignInLink, WrongLinkCode, code_fits, end_not_asked, use_up
from activities.officers.sign_in import judge_password
from activities.secrets import hash_password, plain_code
from activities.sessions import TOKEN_CHARS, new_token, token_digest
from db import proofs, tasks
from db.banks import bank_logins, bank_people, institutions
from db.banks.bank_logins import BankSession, OpenLoginLink
from db.banks.institutions import email_key
from db.clock import present_moment
from db.pool import Connection, Pool
from db.proofs import ProofPurpose
from domain.errors.banks import (
    BankPeopleAddedTooMany,
    BankPeopleTooMany,
    BankPersonKnown,
    BankPersonNotFound,
    BankSignedOut,
)
from domain.officers.officers import WRONG_LINK_CODES_MOST, password_form_fault
from schemas.enums import TaskKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import indian_minute

CODE_LIFE: Final = timedelta(days=3)


def code_digest(code: str) -> bytes:
    """Return the digest of a code, however it is spaced."""
    return hashlib.sha256(plain_code(code).encode()).digest()


async def add(pool: Pool, session: BankSession, email: str, name: str, designation: str) -> UUID:
    """Add a person of the bank of a session, to whom a code is sent.

    Raises `BankSignedOut`, `BankPersonKnown` for an e-mail that the bank has, `BankPeopleTooMany` and
    `BankPeopleAddedTooMany`. Whether another bank has the e-mail is told to the person alone, when the password is set.
    """
    person_id, institution = uuid4(), session.institution
    async with pool.acquire() as connection, connection.transaction():
        now = await _now_in(connection, session)
        own = await institutions.login_row(connection, email)
        if own is not None and own.code == institution:
            raise BankPersonKnown
        try:
            await bank_people.add(connection, person_id, institution, email_key(email), name, designation, now)
        except asyncpg.UniqueViolationError:
            raise BankPersonKnown from None
        except asyncpg.CheckViolationError as error:
            if error.constraint_name == "bank_person_added_at_most":
                raise BankPeopleAddedTooMany(bank_people.ADDED_MAX) from None
            raise BankPeopleTooMany(bank_people.PEOPLE_MAX) from None
    return person_id


async def _now_in(connection: Connection, session: BankSession) -> datetime:
    """Return the time of the transaction, in which the session and the login of its bank stay as they are.

    A new login ends the sessions of the bank and all its people. Raises `BankSignedOut` if that came first.
    """
    await bank_people.lock_bank(connection, session.institution)
    if not await bank_logins.is_live(connection, session.session_id):
        raise BankSignedOut
    return await present_moment(connection)


async def set_password(pool: Pool, person_id: UUID, digest: bytes, password_hash: str) -> bool:
    """Set the first password by the digest of a code; return whether the code was still there.

    Raises `BankPersonKnown` if the e-mail is the login of a bank, or of a person of another bank.
    """
    try:
        async with pool.acquire() as connection:
            return await bank_people.set_password(connection, person_id, digest, password_hash)
    except asyncpg.UniqueViolationError:
        raise BankPersonKnown from None


async def confirm(
    connection: Connection,
    institution: str,
    confirmed: Sequence[UUID],
    taken_back: Sequence[UUID],
    proposal_id: int,
    now: datetime,
) -> None:
    """Write in the caller's transaction which people two admins confirm, and of which they take that back.

    Raises `BankPersonNotFound`.
    """
    done = await bank_people.confirm(connection, institution, confirmed, proposal_id, now)
    done += await bank_people.unconfirm(connection, institution, taken_back)
    if len(done) < len(confirmed) + len(taken_back):
        raise BankPersonNotFound


async def facts(connection: Connection, institution: str, people: Sequence[UUID], now: datetime) -> dict[str, str]:
    """Return whether each of these people of a bank is confirmed, with what two persons compare by telephone."""
    bankers = await bank_people.people_of(connection, institution, now)
    return {
        f"person.{person.email}": (
            f"{'confirmed' if person.confirmed_at else 'not confirmed'}; {person.name}, {person.designation}"
        )
        for person in bankers
        if person.person_id in people
    }


async def end(pool: Pool, session: BankSession, person_id: UUID) -> None:
    """End a person and the sessions of the person at once. Raises `BankSignedOut` and `BankPersonNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        now = await _now_in(connection, session)
        if not await bank_people.end(connection, session.institution, person_id, now):
            raise BankPersonNotFound


async def renew(pool: Pool, session: BankSession, person_id: UUID) -> None:
    """End the password of a person, and send a new code. Raises as `end`."""
    async with pool.acquire() as connection, connection.transaction():
        now = await _now_in(connection, session)
        if not await bank_people.renew(connection, session.institution, person_id, now):
            raise BankPersonNotFound


async def refuse_login(pool: Pool, person_id: UUID, digest: bytes) -> bool:
    """End the login of who got a code without having asked for it; return whether the code was still there.

    The desk gets a work item, because a thief of the bank's login may have added the person.
    """
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        institution = await bank_people.refuse_code(connection, person_id, digest, now)
        if institution is None:
            return False
        # Work items are kept, so this one does not name the person. The page of the bank shows who ended then.
        facts = TaskFacts(institution=institution, at=indian_minute(now))
        kind, cause = TaskKind.PHONE_BANK, TaskCause.BANK_PERSON_NOT_ASKED_FOR
        await tasks.open_for_institution(connection, institution, kind, cause, now, facts=facts)
    return True


LOGIN_LINK_PATH: Final = "/inbox/password/"
"""path of the page behind a link, before its token"""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """The fields that the bank typed on that page."""

    password: SecretStr
    again: SecretStr
    code: str = field(repr=False)

    def fault(self) -> str | None:
        """Return the code of what is wrong with what was typed, or None. `judge_by_link` looks at the rest."""
        if self.password.get_secret_value() != self.again.get_secret_value():
            return "differs"
        return password_form_fault(self.password.get_secret_value())


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


async def judge_by_link(ctx: Context, token: str, new: NewPassword) -> str | None:
    """Return the code of the fault of the password, or None, to who types the code of the link.

    Raises `WrongLinkCode`, and has counted the try then.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        link = await bank_logins.open_link(connection, token_digest(token), lock=True)
        fits = link is None or await code_fits(connection, link, link.institution, new.code)
    if link is None:
        return None
    if not fits:
        raise WrongLinkCode(WRONG_LINK_CODES_MOST - link.tries - 1)
    return await judge_password(new.password, link.institution.lower())


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
