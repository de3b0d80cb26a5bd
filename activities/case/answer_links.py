"""Letters about hold requests, and the answers through their links.

Letters of the escalation: a reminder to the bank's desk, and one to its nodal officer. They name the request and no
people, because the bank has the ticket and many people read a mailbox.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from activities.banks.letters import Letter
from activities.case.answers import take_status_update
from activities.case.reply_links import LinkState, ReplyForm, ReplyLinks, ReplyView, Written
from activities.context import Context
from adapters.banks.answers import StatusUpdate
from adapters.banks.email import ReplyLink, job_id_of, link_text
from adapters.banks.stated import Stated, to_lines
from adapters.messages.smtp import is_plain_address
from db.banks.reply_links import LinkRow
from db.case import requests
from db.case.requests import HopToAsk, RequestRow
from db.pool import Connection
from domain.banks.on_duty import Holidays, calling_order
from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import Institution
from schemas.banks.keys import About
from schemas.banks.rosters import OfficerToCall
from schemas.enums import RequestState
from schemas.identifiers import reference_key
from schemas.text import IST, indian_minute


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
        item = self.items.get(number)
        return item.disputed_paise if item else None

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


MAX_ROWS = 50
NO_ADDRESS = "no nodal officer has a known address: sent to the desk"


def reminder_letter(institution: Institution, request: RequestRow, hops: Sequence[HopToAsk]) -> Letter:
    """Return the reminder to the bank's desk that this request is open."""
    return _letter(institution.desk_email, "Reminder", "", institution, request, hops)


def nodal_letter(
    institution: Institution, request: RequestRow, hops: Sequence[HopToAsk], rules: HolidayRules, at: datetime
) -> Letter:
    """Return the letter to the nodal officers on duty at that moment about an unanswered request.

    If no officer is on duty, it goes to the mailbox of the bank's desk and to the next officer on duty.
    """
    holidays = Holidays(rules, institution.closed_days)
    known = [
        officer
        for officer in calling_order(institution.nodal_officers, holidays, at)
        if is_plain_address(officer.email)
    ]
    to, remark = [officer for officer in known if officer.on_duty], ""
    addresses = [officer.email for officer in to]
    if not to:
        to, remark = (
            known[:1],
            "no officer is on duty: sent to the desk and to the next officer on duty" if known else NO_ADDRESS,
        )
        addresses = [address for address in (institution.desk_email, *(officer.email for officer in to)) if address]
    first, *others = dict.fromkeys(addresses) or [""]
    greeting = "".join(f"To {_called(officer)}\n" for officer in to) or "To the nodal officer\n"
    letter = _letter(first, "Unanswered hold request", f"{greeting}\n", institution, request, hops)
    return replace(letter, cc=tuple(others), remark=remark)


def _called(officer: OfficerToCall) -> str:
    called = (
        f"{officer.name}, {officer.role or 'nodal officer'}" if officer.name else officer.role or "the nodal officer"
    )
    if officer.off_duty_until is None:
        return called
    return f"{called} (off duty until {indian_minute(officer.off_duty_until)})"


def page_text(link: ReplyLink) -> str:
    """Return the text about the page where the request is answered."""
    return f"\nOr report your findings on this page. No account is needed, and a phone is enough:\n\n{link_text(link)}"


def _letter(
    to: str,
    subject: str,
    greeting: str,
    institution: Institution,
    request: RequestRow,
    hops: Sequence[HopToAsk],
) -> Letter:
    rows = [
        f"  RRN/UTR {hop.reference}  of {hop.transferred_at.astimezone(IST):%d-%m-%Y %H:%M:%S} IST"
        f"  amount Rs {hop.amount_paise / 100:.2f}  disputed Rs {hop.disputed_paise / 100:.2f}"
        for hop in hops[:MAX_ROWS]
    ]
    if len(hops) > MAX_ROWS:
        rows.append(f"  and {len(hops) - MAX_ROWS} more, as in the request")
    job = f", job {request.job_id}" if request.job_id else ""
    body = (
        f"{greeting}{institution.name}\n\n"
        f"Acknowledgement {request.case_no}{job}: our hold request of"
        f" {request.sent_at.astimezone(IST):%d-%m-%Y %H:%M:%S} IST has no complete answer yet.\n\n"
        + "\n".join(rows)
        + "\n\nPlease put the disputed amount on hold and answer over the usual interface, quoting the"
        " acknowledgement and the job.\n"
    )
    return Letter(
        to=to,
        subject=f"{subject}: acknowledgement {request.case_no}{job}",
        body_text=body,
        message_id=f"{request.request_id}.{subject.split(maxsplit=1)[0].lower()}",
    )
