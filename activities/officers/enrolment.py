"""Enrolment of officers, and links to sign in.

Links by which an officer sets a password and an authenticator. Each is good once. A link that two admins have made
needs a code as well: one of them has the link, and the other one the code.

Reading a link changes nothing, because mail scanners fetch every link. Each reader sees another secret for the
authenticator. So a person who only read the link knows nothing of what the officer then sets.

Codes of proposals. The link that an agreement makes opens nothing without the code of its proposal. The proposing admin
alone is shown the code, and the deciding one alone the link. So neither can use the link.
"""

import asyncio
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import SecretStr

from activities.context import Context
from activities.officers import changes
from activities.officers.sign_in import (
    SecretsAtRest,
    address_of,
    judge_password,
    new_recovery_codes,
    new_secret,
    recovery_digest,
    step_of,
)
from activities.secrets import CannotOpen, Keys, hash_password, plain_code
from activities.sessions import TOKEN_CHARS, new_token, token_digest
from db import proofs, proposals, tasks
from db.clock import present_moment
from db.officers import credentials, officers, sessions, teams
from db.officers.credentials import OfficerLink
from db.officers.officers import lock_if_empty
from db.pool import Connection, Pool
from db.proofs import OpenLink
from db.proposals import Kind
from domain.errors.officers import OfficerNotFound, OfficersExist, TeamNotFound
from domain.officers.officers import WRONG_LINK_CODES_MOST, password_form_fault
from schemas.enums import Role
from schemas.officers.officers import Absence, OfficerEntry, TeamEntry
from schemas.officers.sign_in import SignInOutcome, SignInWay
from schemas.tasks import TaskCause, TaskFacts


def proposal_code_digest(subject: str, code: str) -> bytes:
    """Return the digest under which the database knows a code; 80 random bits need no slow hash.

    `subject` is the officer or the institution that the link is for.
    """
    return hashlib.sha256(f"proposal code\0{subject}\0{plain_code(code)}".encode()).digest()


def proposal_code_fits(subject: str, code: str, digest: bytes) -> bool:
    """Return whether a code as typed is the one with this digest."""
    return hmac.compare_digest(proposal_code_digest(subject, code), digest)


FIRST_PATH: Final = "/first/"
"""path of the page behind a link, before its token"""
SIGN_IN_PATH: Final = "/sign-in"
SEALED_MAX_CHARS: Final = 400


class WrongLinkCode(Exception):
    """The code is not the one of the proposal.

    The try is counted, and the last one has ended the link.
    """

    def __init__(self, tries_left: int) -> None:
        """Say how many more tries the link has."""
        super().__init__(f"{tries_left} tries left")
        self.tries_left = tries_left


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A new link. Only its digest is stored."""

    path: str = field(repr=False)
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Setup:
    """The page behind a link: the officer, and a secret for the authenticator."""

    link: OfficerLink
    secret: str = field(repr=False)
    sealed: str = field(repr=False)
    """the secret in a hidden field of the form, which only this engine can open"""

    @property
    def otpauth(self) -> str:
        """Return the address in the QR code."""
        return address_of(self.secret, self.link.officer_id)

    @property
    def needs_code(self) -> bool:
        """Return whether the link opens nothing without the code of its proposal."""
        return self.link.code_digest is not None

    @property
    def tries_left(self) -> int:
        """Return after how many more wrong codes the link is over."""
        return WRONG_LINK_CODES_MOST - self.link.tries


@dataclass(frozen=True, slots=True)
class Wish:
    """The fields that the officer typed on that page."""

    password: SecretStr
    again: SecretStr
    code: str = field(repr=False)
    """of the authenticator"""
    link_code: str = field(default="", repr=False)
    """the code of the proposal, which the proposing admin told the officer"""

    def fault(self, setup: Setup) -> str | None:
        """Return the code of what is wrong with what was typed, or None. `SignInLinks.judge` looks at the rest."""
        if self.password.get_secret_value() != self.again.get_secret_value():
            return "differs"
        fault_code = password_form_fault(self.password.get_secret_value())
        if fault_code is None and step_of(setup.secret, self.code, setup.link.now) is None:
            return "wrong_code"
        return fault_code


async def make_link(
    connection: Connection, officer_id: str, by: str, life: timedelta, proposal_id: int | None = None
) -> SignInLink:
    """Make a link for an officer who exists, in place of the open one before.

    A link of a proposal needs the proposal's code.
    """
    token = new_token()
    valid_until = await credentials.make_link(connection, token_digest(token), officer_id, by, life, proposal_id)
    return SignInLink(f"{FIRST_PATH}{token}", valid_until)


async def code_fits(connection: Connection, link: OpenLink, subject: str, code: str) -> bool:
    """Return whether a code is that of a locked link. The try of a wrong one is counted.

    `subject` is the officer or the institution that the link is for.
    """
    fits = link.code_digest is None or proposal_code_fits(subject, code, link.code_digest)
    if not fits:
        await proofs.count_wrong_code(connection, link.proof_id, WRONG_LINK_CODES_MOST, link.now)
    return fits


async def use_up(connection: Connection, link: OpenLink, subject: str, code: str) -> bool:
    """Use up a locked link with its code, as `code_fits` checks it."""
    fits = await code_fits(connection, link, subject, code)
    if fits:
        await proofs.use(connection, link.proof_id, link.now)
    return fits


async def end_not_asked(connection: Connection, link: OpenLink) -> None:
    """End a locked link that was not asked for.

    The admins get a work item if it is of a proposal.
    """
    await proofs.end_link(connection, link.proof_id, link.now)
    if link.proposal_id is not None:
        proposal = await proposals.find(connection, Kind.ADMINISTRATION, link.proposal_id)
        assert proposal is not None, "a link names a proposal that is there"
        facts = TaskFacts(detail=proposal.matter)
        cause, by = TaskCause.LINK_NOT_ASKED_FOR, proposal.proposed_by
        await tasks.open_for_proposal(connection, link.proposal_id, cause, facts, link.now, caused_by=by)


class SignInLinks:
    """Reads and uses links."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._ctx = ctx
        self._secrets = SecretsAtRest(keys)

    async def look(self, token: str, sealed: str = "") -> Setup | None:
        """Return what the page shows, or None for a link that cannot be used.

        `sealed` is a secret that the page has shown before. Without a valid one the page shows a new secret.
        """
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        async with self._ctx.pool.acquire() as connection:
            link = await credentials.open_link(connection, token_digest(token))
        if link is None:
            return None
        owner = _owner(link.officer_id, token)
        secret = self._opened(sealed, owner) or new_secret()
        return Setup(link, secret, urlsafe_b64encode(self._secrets.seal(secret, owner)).decode())

    async def judge(self, token: str, wish: Wish, address: str) -> str | None:
        """Return the code of the fault of the password, or None, to who types the code of the link.

        Raises `WrongLinkCode`, and has counted the try then.
        """
        async with self._ctx.pool.acquire() as connection, connection.transaction():
            link = await credentials.open_link(connection, token_digest(token), lock=True)
            if link is None:
                return None
            fits = await code_fits(connection, link, link.officer_id, wish.link_code)
            if not fits:
                await _note(connection, link, address, SignInOutcome.WRONG_CODE)
        if not fits:
            raise WrongLinkCode(WRONG_LINK_CODES_MOST - link.tries - 1)
        return await judge_password(wish.password, link.officer_id)

    async def put(self, token: str, setup: Setup, wish: Wish, address: str) -> tuple[str, ...] | None:
        """Set the credentials; return the recovery codes, or None if the link was used meanwhile.

        The wish has no fault. The code that it has is used up. The database ends the officer's sessions. Raises
        `WrongLinkCode`, and has counted the try then.
        """
        officer_id = setup.link.officer_id
        step = step_of(setup.secret, wish.code, setup.link.now)
        assert step is not None, "the wish has no fault"
        password_hash = await asyncio.to_thread(hash_password, wish.password)
        codes = new_recovery_codes()
        digests = [recovery_digest(officer_id, code) for code in codes]
        sealed = self._secrets.seal(setup.secret, officer_id)
        async with self._ctx.pool.acquire() as connection, connection.transaction():
            link = await credentials.open_link(connection, token_digest(token), lock=True)
            if link is None:
                return None
            fits = await use_up(connection, link, officer_id, wish.link_code)
            if fits:
                await credentials.tell_of_link(connection, token_digest(token), link.now)
                await credentials.put(connection, officer_id, password_hash, sealed, step, digests)
            await _note(connection, link, address, SignInOutcome.CREDENTIALS_SET if fits else SignInOutcome.WRONG_CODE)
        if not fits:
            raise WrongLinkCode(WRONG_LINK_CODES_MOST - link.tries - 1)
        return codes

    async def refuse(self, token: str) -> bool:
        """End a link that its officer did not ask for, and tell the admins; false if it was over meanwhile."""
        async with self._ctx.pool.acquire() as connection, connection.transaction():
            link = await credentials.open_link(connection, token_digest(token), lock=True)
            if link is None:
                return False
            await end_not_asked(connection, link)
        return True

    def _opened(self, sealed: str, owner: str) -> str | None:
        if not sealed or len(sealed) > SEALED_MAX_CHARS:
            return None
        try:
            return self._secrets.open(urlsafe_b64decode(sealed), owner)
        except (CannotOpen, ValueError):
            return None


async def _note(connection: Connection, link: OfficerLink, address: str, outcome: SignInOutcome) -> None:
    await sessions.add(connection, link.officer_id, None, address, SignInWay.LINK, outcome)


def _owner(officer_id: str, token: str) -> str:
    """Return the owner of a secret in a form: officer and link. A secret at rest has the officer alone."""
    return f"{officer_id}\0{token_digest(token).hex()}"


async def add_officer(pool: Pool, entry: OfficerEntry, actor: str) -> None:
    """Add an officer with roles and districts. Raises `OfficerExists`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.add_officer(connection, entry, await present_moment(connection), actor)


async def import_officers(pool: Pool, entries: Sequence[OfficerEntry], actor: str) -> list[str]:
    """Add or change officers, all or none, so that each is as written. Return the ids of the new ones.

    A known officer keeps what comes in with it, and loses the roles and districts that the entry does not have. An
    officer without an entry stays.
    """
    added = []
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        for entry in entries:
            if await officers.add(connection, entry, now, actor):
                added.append(entry.officer_id)
            else:
                await officers.change(connection, entry, now, actor)
            await officers.set_roles(connection, entry.officer_id, entry.roles, now, actor)
            await officers.set_districts(connection, entry.officer_id, entry.districts, now, actor)
    return added


async def give_role(
    pool: Pool, officer_id: str, role: Role, from_at: datetime | None, until_at: datetime | None, actor: str
) -> None:
    """Give an officer a role, from now on by default. Raises `OfficerNotFound`, `RoleGiven` and `RoleEndsBefore`."""
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        await changes.give_role(connection, officer_id, role, from_at, until_at, now, actor)


async def end_role(pool: Pool, officer_id: str, role: Role, actor: str) -> None:
    """End a role of an officer now. Raises `RoleNotGiven`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.end_role(connection, officer_id, role, await present_moment(connection), actor)


async def disable_officer(pool: Pool, officer_id: str, actor: str) -> None:
    """Disable an officer, who then has no role. Raises `OfficerNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.disable_officer(connection, officer_id, await present_moment(connection), actor)


async def enable_officer(pool: Pool, officer_id: str, actor: str) -> None:
    """Enable a disabled officer again, with the roles of before. Raises `OfficerNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.enable_officer(connection, officer_id, await present_moment(connection), actor)


async def reset_officer(pool: Pool, officer_id: str, actor: str) -> None:
    """End everything with which an officer comes in: sessions, password and authenticator. Raises `OfficerNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.reset_officer(connection, officer_id, await present_moment(connection), actor)


async def write_absences(pool: Pool, officer_id: str, absences: Sequence[Absence], actor: str) -> None:
    """Replace the days on which an officer is absent. Raises `OfficerNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await officers.known(connection, [officer_id]):
            raise OfficerNotFound(officer_id)
        await officers.set_absences(connection, officer_id, absences, await present_moment(connection), actor)


async def add_team(pool: Pool, entry: TeamEntry, actor: str) -> None:
    """Add a team. Raises `TeamExists`, `TeamShiftsOverlap`, and `OfficerNotFound` for its lead or a member."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.add_team(connection, entry, await present_moment(connection), actor)


async def change_team(pool: Pool, name: str, entry: TeamEntry, seen: TeamEntry | None, actor: str) -> None:
    """Write all that a team has; `seen` is the team as the officer saw it. Raises what `changes.change_team` raises."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.change_team(connection, name, entry, seen, await present_moment(connection), actor)


async def end_team(pool: Pool, name: str, actor: str) -> None:
    """End a team. Raises `TeamNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await teams.end(connection, name, await present_moment(connection), actor):
            raise TeamNotFound(name)


async def add_first_admin(pool: Pool, entry: OfficerEntry, actor: str, life: timedelta) -> SignInLink:
    """Add the first officer, as admin, and return the link to set the credentials. Raises `OfficersExist`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await lock_if_empty(connection):
            raise OfficersExist
        now = await present_moment(connection)
        await officers.add(connection, entry, now, actor)
        await officers.give_roles(connection, entry.officer_id, (Role.ADMIN,), now, actor)
        return await make_link(connection, entry.officer_id, actor, life)
