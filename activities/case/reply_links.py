"""Single-use links in letters to banks: their tokens, their state, and replies through them.

A token is random and carries our signature, so a guess is refused without a database query. The database holds only the
digest of a token. Viewing a link never uses it up, because mail scanners fetch every link. A reply uses it up when
nothing of the request or order stays open.
"""

import asyncio
import hashlib
import hmac
import secrets
from abc import ABC, abstractmethod
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID

import orjson

from activities.banks.bodies import sealer_of_case
from activities.context import Context
from activities.secrets import Keys, Purpose
from adapters.banks.email import ReplyLink
from adapters.banks.stated import Answerer
from db.banks import bank_exchanges, reply_links
from db.banks.reply_links import LinkRow
from db.pool import Connection
from schemas.banks.keys import About
from schemas.case.case_workflow import FollowUp

NONCE_BYTES: Final = 16
SIGNATURE_BYTES: Final = 16
TOKEN_CHARS: Final = 43
REPLIES_AT_ONCE: Final = 2
"""for each kind of link in one process: a reply holds one connection while it waits for a second one"""

PATH: Final = "/a/"
PATHS: Final = {About.HOLD_REQUEST: PATH, About.ORDER: f"{PATH}o/"}
"""the path before the token, by subject"""
_PURPOSES: Final = {About.HOLD_REQUEST: Purpose.ANSWER_LINKS, About.ORDER: Purpose.ORDER_LINKS}


class LinkState(StrEnum):
    """State of a link: whether it takes a reply, or why not."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    REPLACED = "replaced"
    """a newer letter about the same subject has a newer link"""
    REPLIED = "replied"
    """the bank has replied in another way"""
    WITHDRAWN = "withdrawn"
    """the police do not ask for it any more, or ask in another letter"""
    TO_ACKNOWLEDGE = "to_acknowledge"
    """the order is cancelled, and the bank has still to acknowledge that, or to state what it had done before"""

    @property
    def takes_form(self) -> bool:
        """Whether a link in this state takes a reply."""
        return self in {LinkState.OPEN, LinkState.TO_ACKNOWLEDGE}


# -- tokens ------------------------------------------------------------------------------------------------------------


def link_key(keys: Keys, about: About) -> bytes:
    """Return the key that signs the tokens of links about one kind of subject, and nothing else."""
    return keys.derive_key(_PURPOSES[about])


def make_token(key: bytes) -> str:
    """Return a new token."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return urlsafe_b64encode(nonce + _signature(key, nonce)).rstrip(b"=").decode()


def token_digest(key: bytes, token: str) -> bytes | None:
    """Return the digest under which the database knows a token of ours; None for any other text."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    try:
        opened = urlsafe_b64decode(token + "=")
    except ValueError:
        return None
    nonce, signature = opened[:NONCE_BYTES], opened[NONCE_BYTES:]
    # The decoder ignores foreign characters and loose bits, so this check allows only one spelling of a token.
    spelled = urlsafe_b64encode(opened).rstrip(b"=").decode() == token
    if not spelled or not hmac.compare_digest(signature, _signature(key, nonce)):
        return None
    return hashlib.sha256(token.encode()).digest()


def _signature(key: bytes, nonce: bytes) -> bytes:
    return hmac.digest(key, nonce, "sha256")[:SIGNATURE_BYTES]


class LetterLinks:
    """Makes the links of letters. They begin with `public_url`."""

    def __init__(self, ctx: Context, keys: Keys, public_url: str) -> None:
        self._ctx = ctx
        self._keys = {about: link_key(keys, about) for about in PATHS}
        self._public_url = public_url.rstrip("/")

    async def issue(self, about: About, subject_id: UUID, institution: str, sent_to: str) -> ReplyLink:
        """Make a new link for `institution` to reply to that request or order; see `LinkMaker`."""
        key = self._keys[about]
        token = make_token(key)
        digest = token_digest(key, token)
        assert digest is not None, "a token of ours"
        now = self._ctx.now()
        expires_at = now + timedelta(seconds=self._ctx.policy.answer_links.valid_seconds)
        async with self._ctx.pool.acquire() as connection:
            await reply_links.insert(connection, about, subject_id, digest, institution, sent_to, now, expires_at)
        return ReplyLink(f"{self._public_url}{PATHS[about]}{token}", expires_at)

    async def sent(self, about: About, link: ReplyLink) -> None:
        """Close the earlier links about the same request or order; see `LinkMaker`."""
        digest = token_digest(self._keys[about], link.token)
        assert digest is not None, "a token of ours"
        async with self._ctx.pool.acquire() as connection:
            await reply_links.replace_earlier(connection, about, digest, self._ctx.now())


# -- replies -----------------------------------------------------------------------------------------------------------

Item = TypeVar("Item")
Stated = TypeVar("Stated")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyView(ABC, Generic[Item]):
    """One request or order as its bank is asked about it, by a link or in its inbox."""

    state: LinkState
    institution: str
    case_no: str
    subject_id: UUID
    expires_at: datetime
    items: Mapping[int, Item] = field(repr=False)
    """the open items by number; empty if the link takes no reply"""

    @abstractmethod
    def open_paise(self, number: int) -> int | None:
        """Return the open amount of that item, or None."""

    def has_changed(self, form: "ReplyForm[Any]") -> bool:
        """Return whether an item of a form is closed by now, or has another open amount."""
        return any(form.seen_paise.get(number) != self.open_paise(number) for number in form.stated)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyForm(Generic[Stated]):
    """A form that was posted through a link."""

    stated: Mapping[int, Stated]
    """by the number of the item"""
    seen_paise: Mapping[int, int]
    """the open amount of each item when the form was made"""
    answerer: Answerer
    fields: Mapping[str, str] = field(repr=False)
    """the fields as received, for the evidence"""
    body: bytes = field(default=b"", repr=False)
    """the whole form as posted"""
    confirmed_by: str | None = None
    """the nodal officer whose code confirmed the form; "": the desk telephones, because none has a mobile"""

    @property
    def digest(self) -> bytes:
        """Return the digest, which is equal for two forms with the same fields."""
        return fields_digest(self.fields)


def fields_digest(fields: Mapping[str, str]) -> bytes:
    """Return the digest of a form's fields, in any order."""
    return hashlib.sha256(orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Written:
    """The counts of a reply's lines, and the workflow notification."""

    discrepancies: int
    duplicates: int
    follow_up: FollowUp | None = None


View = TypeVar("View", bound=ReplyView[Any])
Form = TypeVar("Form", bound=ReplyForm[Any])


@dataclass(frozen=True, slots=True)
class LockedLink:
    """One transaction on a locked link. Everything that it writes has the time `now`."""

    connection: Connection
    link: LinkRow
    now: datetime


@dataclass(frozen=True, slots=True)
class ReplyTaken:
    """The reply was taken. `repeated`: it was taken before, and nothing was written again."""

    left: int
    """the number of items that the link still asks about"""
    written: Written | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class ReplyNotTaken(Generic[View]):
    """The link is closed, an item has changed since the form was made, or the form lacks its code."""

    view: View


class ReplyLinks(ABC, Generic[View, Form]):
    """The links about one kind of subject, for viewing and for replies."""

    about: ClassVar[About]

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._ctx = ctx
        self._keys = keys
        self._places = asyncio.Semaphore(REPLIES_AT_ONCE)

    @cached_property
    def _key(self) -> bytes:
        # The intake process knows the paths of these pages and has no such key.
        return link_key(self._keys, self.about)

    def digest(self, token: str) -> bytes | None:
        """Return the token's digest without a database query; None for a token that is not ours."""
        return token_digest(self._key, token)

    async def look(self, digest: bytes) -> View | None:
        """Return the contents of the link now, or None if it does not exist. Changes nothing."""
        async with self._ctx.pool.acquire() as connection:
            link = await reply_links.find(connection, self.about, digest)
            return await self.view(connection, link, self._ctx.now()) if link else None

    async def took(self, digest: bytes, fields: Mapping[str, str]) -> bool:
        """Return whether the same form was taken before."""
        async with self._ctx.pool.acquire() as connection:
            link = await reply_links.find(connection, self.about, digest)
            return link is not None and await reply_links.knows_form(connection, link.link_id, fields_digest(fields))

    async def reply(self, digest: bytes, form: Form) -> ReplyTaken | ReplyNotTaken[View] | None:
        """Take a reply through the link; None if the link does not exist.

        The link stays locked until the reply is written. If two officers send at the same time, the second one sees the
        changes of the first. If this process ends after the reply is written and before the form is kept, the same form
        can be sent again. It counts as the same reply, and every line is a known one.
        """
        async with self._locked(digest) as locked:
            if locked is None:
                return None
            connection, link = locked.connection, locked.link
            view = await self.view(connection, link, locked.now)
            if await reply_links.knows_form(connection, link.link_id, form.digest):
                return ReplyTaken(left=len(view.items), repeated=True)
            if not view.state.takes_form or view.has_changed(form) or self.lacks_code(view, form):
                return ReplyNotTaken(view)
            written = await self.write(connection, link, form)
            await self._keep(locked, form.answerer, form.fields, form.body, form.confirmed_by)
            left = await self.count_left(connection, link)
            if not left:
                await reply_links.use_up(connection, link.link_id, locked.now)
            return ReplyTaken(left=left, written=written)

    # -- differences between requests and orders -------------------------------------------------------------------

    @abstractmethod
    async def view(self, connection: Connection, link: LinkRow, now: datetime) -> View:
        """Return the contents of the link now."""

    @abstractmethod
    def needs_code(self, view: View, form: Form) -> bool:
        """Return whether the form needs a one-time code, because a letter's reader alone must not move money."""

    @abstractmethod
    async def write(self, connection: Connection, link: LinkRow, form: Form) -> Written:
        """Write the statements of the form in a separate transaction. `connection` holds the lock on the link."""

    @abstractmethod
    async def count_left(self, connection: Connection, link: LinkRow) -> int:
        """Return the number of open items after a reply was written."""

    # -- steps -----------------------------------------------------------------------------------------------------

    def lacks_code(self, view: View, form: Form) -> bool:
        """Return whether the form needs a one-time code and has none."""
        return form.confirmed_by is None and self.needs_code(view, form)

    @asynccontextmanager
    async def _locked(self, digest: bytes) -> AsyncIterator[LockedLink | None]:
        """Open a transaction in which the link is locked; None if there is no such link."""
        async with self._places, self._ctx.pool.acquire() as connection, connection.transaction():
            row = await reply_links.lock(connection, self.about, digest)
            yield LockedLink(connection, *row) if row else None

    async def _keep(
        self,
        locked: LockedLink,
        answerer: Answerer,
        fields: Mapping[str, str],
        body: bytes,
        confirmed_by: str | None = None,
    ) -> None:
        """Keep the form and its officer as evidence."""
        await keep_form(self._ctx, locked.connection, locked.link, locked.now, answerer, fields, body, confirmed_by)


async def keep_form(
    ctx: Context,
    connection: Connection,
    link: LinkRow,
    at: datetime,
    answerer: Answerer,
    fields: Mapping[str, str],
    body: bytes,
    confirmed_by: str | None = None,
) -> None:
    """Store an accepted form as `db.banks.reply_links.keep_form` does, sealed under the key of its case."""
    digest = fields_digest(fields)
    cases = await bank_exchanges.keys_of(connection, link.subject_kind, [link.subject_id])
    sealed = sealer_of_case(ctx.persons, cases[link.subject_id]).form(fields, body, digest)
    await reply_links.keep_form(
        connection,
        link.link_id,
        at,
        answerer.name,
        answerer.designation,
        digest,
        sealed,
        confirmed_by,
    )
