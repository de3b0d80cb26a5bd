"""Links about hold requests: their contents, and the bank's answer through them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from activities.banks.reply_links import LinkState, ReplyForm, ReplyLinks, ReplyView, Written
from activities.case.answers import take_status_update
from activities.context import Context
from adapters.banks.answers import StatusUpdate
from adapters.banks.email import job_id_of
from adapters.banks.stated import Stated, to_lines
from db.banks.reply_links import LinkRow
from db.case import requests
from db.pool import Connection
from schemas.banks.exchanges import About
from schemas.enums import RequestState
from schemas.identifiers import reference_key


@dataclass(frozen=True, slots=True)
class AskedTransfer:
    """A transfer that a link asks about. Hops with one reference are one transfer, as in the ticket."""

    no: int
    """number of its first hop in the case"""
    rrn: str
    amount_paise: int
    disputed_paise: int
    """the amount still in play"""
    at: datetime
    layer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView(ReplyView[AskedTransfer]):
    """The transfers of a hold request that its bank is asked about."""

    named_paise: int = 0
    """disputed money that answers to this request have named onward so far; a link counts it"""

    def open_paise(self, number: int) -> int | None:
        """Return the amount of that transfer in play; see `ReplyView.open_paise`."""
        found = self.items.get(number)
        return found.disputed_paise if found else None

    def has_changed(self, form: ReplyForm[Any]) -> bool:
        """Return whether a transfer is closed by now, has another reference, or another amount in play."""
        return ReplyView.has_changed(self, form) or any(
            self.items[number].rrn != stated.rrn for number, stated in form.stated.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerForm(ReplyForm[Stated]):
    """An officer's form about a hold request."""

    made_at: datetime
    """When the form was made. It is the time of the holds in it, so pressing the button twice states one thing."""


class AnswerLinks(ReplyLinks[AnswerView, AnswerForm]):
    """The links about hold requests."""

    about: ClassVar = About.HOLD_REQUEST

    async def view(self, connection: Connection, link: LinkRow, now: datetime) -> AnswerView:
        """Return the open transfers; see `ReplyLinks.view`."""
        request = await request_of(connection, link.subject_id)
        transfers = transfers_of(await requests.live_hops(connection, link.subject_id))
        state = _state(link, request.state, bool(transfers), now)
        return AnswerView(
            state=state,
            institution=link.institution,
            case_no=request.case_no,
            subject_id=link.subject_id,
            expires_at=link.expires_at,
            items=transfers if state is LinkState.OPEN else {},
            named_paise=await requests.named_onward(connection, link.subject_id),
        )

    def needs_code(self, view: AnswerView, form: AnswerForm) -> bool:
        """Return whether the form names further accounts for a large sum; see `ReplyLinks.needs_code`.

        What was named before counts too, so that several small forms are no way around it.
        """
        moved_paise = sum(stated.moved_paise for stated in form.stated.values())
        return moved_paise > 0 and view.named_paise + moved_paise >= self._ctx.policy.answer_links.code_from_paise

    async def write(self, connection: Connection, link: LinkRow, form: AnswerForm) -> Written:
        """Take the form as a status update of the bank."""
        request = await request_of(connection, link.subject_id)
        return await book(self._ctx, link.institution, request, form, link.link_id.to_bytes(8, "big"))

    async def count_left(self, connection: Connection, link: LinkRow) -> int:
        """Return the number of transfers still in play; see `ReplyLinks.count_left`."""
        return len(transfers_of(await requests.live_hops(connection, link.subject_id)))


async def request_of(connection: Connection, request_id: UUID) -> requests.RequestRow:
    """Return a hold request that was planned. Requests are never deleted."""
    request = await requests.find(connection, request_id)
    assert request is not None, "a foreign key keeps it, or the caller has found it"
    return request


async def book(ctx: Context, institution: str, request: requests.RequestRow, form: AnswerForm, way: bytes) -> Written:
    """Take a form as a status update of the bank. The same form by the same `way` again changes nothing."""
    update = StatusUpdate(
        ack_no=request.case_no,
        # A reminder's link asks about a request that may have reached the bank another way.
        job_id=request.job_id or job_id_of(request.request_id),
        lines=to_lines(form.stated.values(), form.answerer, form.made_at),
    )
    digest = hashlib.sha256(way + form.digest).digest()
    receipt = await take_status_update(ctx, institution, update, digest)
    return Written(receipt.discrepancies, receipt.duplicates, receipt.follow_up)


def _state(link: LinkRow, request_state: RequestState, asks: bool, now: datetime) -> LinkState:
    if link.used_at is not None:
        return LinkState.USED
    if now >= link.expires_at:
        return LinkState.EXPIRED
    if asks:
        return LinkState.REPLACED if link.replaced_at else LinkState.OPEN
    withdrawn = request_state in {RequestState.STOPPED, RequestState.SUPERSEDED}
    return LinkState.WITHDRAWN if withdrawn else LinkState.REPLIED


def transfers_of(hops: Iterable[requests.HopOfRequest]) -> dict[int, AskedTransfer]:
    """Return the transfers of hops, by the number of their first hop."""
    by_reference: dict[str, AskedTransfer] = {}
    for hop in hops:
        key = reference_key(hop.reference)
        before = by_reference.get(key)
        amount_paise = max(hop.amount_paise, before.amount_paise if before else 0)
        disputed_paise = hop.disputed_paise + (before.disputed_paise if before else 0)
        by_reference[key] = AskedTransfer(
            no=before.no if before else hop.hop_no,
            rrn=before.rrn if before else hop.reference,
            amount_paise=amount_paise,
            disputed_paise=min(disputed_paise, amount_paise),
            at=hop.transferred_at,
            layer=hop.layer,
        )
    return {transfer.no: transfer for transfer in by_reference.values()}
