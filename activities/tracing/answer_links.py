"""The links in letters to banks: made, read, and answered through.

A token is random and carries our signature, so that a guess is thrown away before the database is asked. The database
holds its digest only. Looking never uses a link up (mail scanners fetch every link); an answer does, when it leaves no
transfer of the request open.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import orjson

from activities.banks.reply_links import ANSWERS_AT_ONCE, LinkState, link_key, make_token, order_link_key, token_digest
from activities.context import Context
from activities.secrets import SecretBox
from activities.tracing.answers import AnswerReceipt, take_status_update
from adapters.banks.answers import StatusUpdate
from adapters.banks.email import AnswerLink, job_id_of
from adapters.banks.stated import Answerer, Stated, to_lines
from db.orders import order_links
from db.pool import Connection
from db.tracing import answer_links, requests
from db.tracing.answer_links import LinkRow
from schemas.enums import RequestState

PATH: Final = "/a/"
ORDER_PATH: Final = f"{PATH}o/"


@dataclass(frozen=True, slots=True)
class AskedTransfer:
    """A transfer that a link asks about. Hops with one reference are one transfer, as in the ticket."""

    no: int
    """of its first hop in the case"""
    rrn: str
    amount_paise: int
    disputed_paise: int
    """what of it is still in play"""
    at: datetime
    layer: int


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a link shows to whoever opens it."""

    state: LinkState
    institution: str
    case_no: str
    request_id: UUID
    issued_at: datetime
    expires_at: datetime
    transfers: tuple[AskedTransfer, ...] = ()
    """those still open; none where the link is not open"""


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """A form that came in through a link."""

    stated: Mapping[int, Stated]
    """by `AskedTransfer.no`"""
    seen_paise: Mapping[int, int]
    """what was in play of each when the form was made"""
    made_at: datetime
    """when the form was made: the time of what it puts on hold, so that pressing the button twice says one thing"""
    answerer: Answerer
    fields: Mapping[str, str] = field(repr=False)
    """as they came, to be kept"""
    body: bytes = field(default=b"", repr=False)
    """the whole form as it was posted"""

    @property
    def digest(self) -> bytes:
        """Equal for two forms that were filled in alike."""
        return _fields_digest(self.fields)


def _fields_digest(fields: Mapping[str, str]) -> bytes:
    return hashlib.sha256(orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer was taken. `repeated`: it was taken before, and nothing was written again."""

    left: int
    """transfers that the link still asks about"""
    receipt: AnswerReceipt | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The link is closed, or (`changed`) these transfers are not as they were when the form was made."""

    view: LinkView
    changed: frozenset[int] = frozenset()


class LetterLinks:
    """Makes the links of letters, which begin with `public_url`."""

    def __init__(self, ctx: Context, secret_box: SecretBox, public_url: str) -> None:
        self._ctx = ctx
        self._key = link_key(secret_box)
        self._order_key = order_link_key(secret_box)
        self._public_url = public_url.rstrip("/")

    async def issue(self, request_id: UUID, institution: str, sent_to: str) -> AnswerLink:
        """A new link for `institution` to answer that request; see `LinkMaker`."""
        token = make_token(self._key)
        digest = token_digest(self._key, token)
        assert digest is not None, "a token of ours"
        now = datetime.now(UTC)
        expires_at = now + timedelta(seconds=self._ctx.policy.answer_links.valid_seconds)
        async with self._ctx.pool.acquire() as connection:
            await answer_links.insert(connection, digest, request_id, institution, sent_to, now, expires_at)
        return AnswerLink(f"{self._public_url}{PATH}{token}", expires_at)

    async def issue_for_order(self, order_id: UUID, institution: str, sent_to: str) -> AnswerLink:
        """A new link for `institution` to say what it has done of that order; see `LinkMaker`."""
        token = make_token(self._order_key)
        digest = token_digest(self._order_key, token)
        assert digest is not None, "a token of ours"
        now = self._ctx.now()
        expires_at = now + timedelta(seconds=self._ctx.policy.answer_links.valid_seconds)
        async with self._ctx.pool.acquire() as connection:
            await order_links.insert(connection, digest, order_id, institution, sent_to, now, expires_at)
        return AnswerLink(f"{self._public_url}{ORDER_PATH}{token}", expires_at)


class AnswerLinks:
    """What is behind the links: looking, and answering."""

    def __init__(self, ctx: Context, secret_box: SecretBox) -> None:
        self._ctx = ctx
        self._key = link_key(secret_box)
        self._places = asyncio.Semaphore(ANSWERS_AT_ONCE)

    def digest(self, token: str) -> bytes | None:
        """The token's digest, without asking the database; None where it is none of ours."""
        return token_digest(self._key, token)

    async def look(self, digest: bytes) -> LinkView | None:
        """What the link shows now; None where there is no such link. Changes nothing."""
        async with self._ctx.pool.acquire() as connection:
            link = await answer_links.find(connection, digest)
            return await _view(connection, link) if link else None

    async def took(self, digest: bytes, fields: Mapping[str, str]) -> bool:
        """Whether this very form was taken before."""
        async with self._ctx.pool.acquire() as connection:
            link = await answer_links.find(connection, digest)
            return link is not None and await answer_links.knows_form(connection, link.link_id, _fields_digest(fields))

    async def answer(self, digest: bytes, form: AnswerForm) -> Taken | NotTaken | None:
        """Take an answer through the link; None where there is no such link.

        The link is locked until the answer is written: of two officers who send at once the second finds what the first
        has changed. Should this process end between the answer and its note here, the same form sent again is the same
        answer, and finds every line known.
        """
        async with self._places, self._ctx.pool.acquire() as connection, connection.transaction():
            link = await answer_links.lock(connection, digest)
            if link is None:
                return None
            view = await _view(connection, link)
            if await answer_links.knows_form(connection, link.link_id, form.digest):
                return Taken(left=len(view.transfers), repeated=True)
            if view.state is not LinkState.OPEN:
                return NotTaken(view)
            if changed := _changed(view, form):
                return NotTaken(view, changed)
            receipt = await self._take(link, form)
            return await self._note(connection, link, form, receipt)

    async def _take(self, link: LinkRow, form: AnswerForm) -> AnswerReceipt:
        update = StatusUpdate(
            ack_no=link.case_no,
            # A letter of the ladder asks about a request that may have reached the bank another way.
            job_id=link.job_id or job_id_of(link.request_id),
            lines=to_lines(form.stated.values(), link.institution, form.answerer, form.made_at),
        )
        body_digest = hashlib.sha256(link.link_id.to_bytes(8, "big") + form.digest).digest()
        return await take_status_update(self._ctx, link.institution, update, body_digest)

    async def _note(self, connection: Connection, link: LinkRow, form: AnswerForm, receipt: AnswerReceipt) -> Taken:
        now, who = datetime.now(UTC), form.answerer
        await answer_links.keep_form(
            connection, link.link_id, now, who.name, who.designation, form.fields, form.digest, form.body
        )
        left = len(_transfers(await requests.live_hops(connection, link.request_id)))
        if not left:
            await answer_links.use_up(connection, link.link_id, now)
        return Taken(left=left, receipt=receipt)


def _changed(view: LinkView, form: AnswerForm) -> frozenset[int]:
    """The transfers of the form that are closed by now, or of which another sum is in play."""
    now = {transfer.no: transfer for transfer in view.transfers}
    return frozenset(
        no
        for no, stated in form.stated.items()
        if no not in now or now[no].disputed_paise != form.seen_paise.get(no) or now[no].rrn != stated.rrn
    )


async def _view(connection: Connection, link: LinkRow) -> LinkView:
    transfers = _transfers(await requests.live_hops(connection, link.request_id))
    state = _state(link, bool(transfers), datetime.now(UTC))
    return LinkView(
        state=state,
        institution=link.institution,
        case_no=link.case_no,
        request_id=link.request_id,
        issued_at=link.issued_at,
        expires_at=link.expires_at,
        transfers=transfers if state is LinkState.OPEN else (),
    )


def _state(link: LinkRow, asks: bool, now: datetime) -> LinkState:
    if link.used_at is not None:
        return LinkState.USED
    if now >= link.expires_at:
        return LinkState.EXPIRED
    if asks:
        return LinkState.OPEN
    over = link.request_state in {RequestState.STOPPED, RequestState.SUPERSEDED}
    return LinkState.STOPPED if over else LinkState.ANSWERED


def _transfers(hops: list[requests.HopToAsk]) -> tuple[AskedTransfer, ...]:
    by_reference: dict[str, AskedTransfer] = {}
    for hop in hops:
        before = by_reference.get(hop.reference_key)
        disputed_paise = hop.disputed_paise + (before.disputed_paise if before else 0)
        by_reference[hop.reference_key] = AskedTransfer(
            no=before.no if before else hop.hop_no,
            rrn=before.rrn if before else hop.reference,
            amount_paise=max(hop.amount_paise, disputed_paise),
            disputed_paise=disputed_paise,
            at=hop.transferred_at,
            layer=hop.layer,
        )
    return tuple(by_reference.values())
