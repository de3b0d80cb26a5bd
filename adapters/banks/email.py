"""Police → bank by e-mail: the request, a signed link to its answer page, and a table of all hops.

A letter names no victim, because many people read a mailbox. The bank finds a transfer by its reference.
"""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Protocol, Self
from uuid import UUID

from adapters.banks.i4c.values import format_moment, format_rupees
from adapters.banks.protocol import (
    PRIORITY_LAST,
    BankLoginFailed,
    BankMisconfigured,
    BankUnreachable,
    Delivery,
    HoldTicket,
    OrderTicket,
    transcribed,
)
from adapters.clock import wall_clock
from adapters.messages.smtp import (
    Attachment,
    LetterUnsendable,
    Mailer,
    MailError,
    MailLoginFailed,
    PdfAttachment,
    is_plain_address,
)
from adapters.transcript import Transcript
from domain.banks.on_duty import Holidays, calling_order
from domain.policy.telephone import HolidayRules
from domain.spreadsheet_cells import as_plain_text
from schemas.banks.institutions import Institution
from schemas.banks.keys import About
from schemas.enums import ChannelKind
from schemas.recovery.orders import BankOrder, cancellation_id
from schemas.restoration_enums import OrderKind
from schemas.text import IST

JOB_PREFIX: Final = "MAIL-"
CSV_COLUMNS: Final = ("rrn_or_utr", "amount_rupees", "disputed_rupees", "time_ist", "layer")


@dataclass(frozen=True, slots=True)
class ReplyLink:
    """An address at which one bank replies to one hold request or order, and until when it may."""

    url: str = field(repr=False)
    expires_at: datetime

    @property
    def token(self) -> str:
        """Return the secret part of the address: everyone who has it can reply."""
        return self.url.rpartition("/")[2]


class LinkMaker(Protocol):
    """Issues the links in letters."""

    async def issue(self, about: About, subject_id: UUID, institution: str, sent_to: str) -> ReplyLink:
        """Make a new link for `institution` to reply to that request or order, sent to that address."""
        ...

    async def sent(self, about: About, link: ReplyLink) -> None:
        """Close the earlier links about the same request or order, because the letter with this one is sent.

        Before that they stay open: the letter may never go out, and the bank would have no link.
        """
        ...


def job_id_of(request_id: UUID) -> str:
    """Return the job id of a request sent by e-mail, because a bank returns none for a letter."""
    return f"{JOB_PREFIX}{request_id}"


class EmailAdapter:
    """The e-mail channel as a `BankAdapter`.

    Each ticket becomes one letter to the bank's desk. The nodal officers on duty get a copy, or the officer who is on
    duty next. `holidays` returns the days on which all banks are closed, by the policy that is in force.
    """

    def __init__(self, mailer: Mailer, links: LinkMaker, holidays: Callable[[], HolidayRules]) -> None:
        self._mailer = mailer
        self._links = links
        self._holidays = holidays

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Do nothing, because no connection stays open between letters."""

    async def send_hold_request(self, bank: Institution, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send `ticket` to `bank` as one letter; see `BankAdapter.send_hold_request`.

        A repeated letter has the same Message-ID and a new link, which closes the links before once it is sent. A
        refusal by the mail server raises BankUnreachable, because another channel may still work.
        """
        sending = partial(self._send, bank, ticket)
        return await self._delivered(bank, ticket.request_id, sending, timeout_seconds)

    async def send_order(self, bank: Institution, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        """Send an order to `bank` as one letter with its document; otherwise like `send_hold_request`."""
        sending = partial(self._send_order, bank, ticket)
        return await self._delivered(bank, ticket.order.order_id, sending, timeout_seconds)

    async def send_cancellation(self, bank: Institution, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """Tell `bank` by one letter that an order is cancelled; otherwise like `send_hold_request`."""
        sending = partial(self._send_cancellation, bank, order)
        return await self._delivered(bank, cancellation_id(order.order_id), sending, timeout_seconds)

    async def _delivered(
        self,
        bank: Institution,
        key: UUID,
        sending: Callable[[Transcript], Awaitable[None]],
        timeout_seconds: float,
    ) -> Delivery:
        with transcribed(ChannelKind.EMAIL) as transcript:
            await self._within(bank, sending(transcript), timeout_seconds)
            return Delivery(job_id_of(key), transcript.exchanges)

    async def _within(self, bank: Institution, sending: Awaitable[None], timeout_seconds: float) -> None:
        """Await `sending` within the time and translate mail errors into bank errors."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await sending
        except TimeoutError:
            raise BankUnreachable(bank.code, f"the mail server took more than {timeout_seconds:g} s") from None
        except MailLoginFailed as error:
            raise BankLoginFailed(bank.code, f"at the mail server: {error}") from None
        except LetterUnsendable as error:
            raise BankMisconfigured(bank.code, str(error)) from None
        except MailError as error:
            raise BankUnreachable(bank.code, str(error)) from None

    async def _send(self, bank: Institution, ticket: HoldTicket, transcript: Transcript) -> None:
        _check_desk_address(bank)
        link = await self._links.issue(About.HOLD_REQUEST, ticket.request_id, bank.code, bank.desk_email)
        await self._mailer.send(
            bank.desk_email,
            f"Hold request: acknowledgement {ticket.ack_no}",
            letter_text(bank, ticket, link),
            f"{ticket.request_id}.hold",
            cc=self._copies(bank),
            attachments=[Attachment(f"hold-{ticket.ack_no}-{bank.code}.csv", hops_table(ticket))],
            transcript=transcript,
            secret=link.token,
        )
        await self._links.sent(About.HOLD_REQUEST, link)

    async def _send_order(self, bank: Institution, ticket: OrderTicket, transcript: Transcript) -> None:
        _check_desk_address(bank)
        order, pdf = ticket.order, ticket.document_pdf
        link = await self._links.issue(About.ORDER, order.order_id, bank.code, bank.desk_email)
        name = f"order-{order.ack_no}-{bank.code}.pdf"
        await self._mailer.send(
            bank.desk_email,
            f"{_SUBJECTS[order.kind]}: acknowledgement {order.ack_no}",
            order_letter_text(bank, order, link, with_document=bool(pdf)),
            f"{order.order_id}.order",
            cc=self._copies(bank),
            attachments=[PdfAttachment(name, pdf)] if pdf else [],
            transcript=transcript,
            secret=link.token,
        )
        await self._links.sent(About.ORDER, link)

    async def _send_cancellation(self, bank: Institution, order: BankOrder, transcript: Transcript) -> None:
        _check_desk_address(bank)
        link = await self._links.issue(About.ORDER, order.order_id, bank.code, bank.desk_email)
        await self._mailer.send(
            bank.desk_email,
            f"Order cancelled: acknowledgement {order.ack_no}",
            cancellation_letter_text(bank, order, link),
            f"{order.order_id}.cancelled",
            cc=self._copies(bank),
            transcript=transcript,
            secret=link.token,
        )
        await self._links.sent(About.ORDER, link)

    def _copies(self, bank: Institution) -> list[str]:
        order = calling_order(bank.nodal_officers, Holidays(self._holidays(), bank.closed_days), wall_clock())
        others = [officer for officer in order if officer.email != bank.desk_email and is_plain_address(officer.email)]
        return list(dict.fromkeys(officer.email for officer in others if officer.on_duty)) or [
            officer.email for officer in others[:1]
        ]


_SUBJECTS: Final = {OrderKind.RESTORE: "Order to give money back", OrderKind.RELEASE: "Order to lift a hold"}
_ASKED: Final = {
    OrderKind.RESTORE: "credit each amount to the account named with it",
    OrderKind.RELEASE: "lift the hold on each amount",
}
_DONE: Final = {OrderKind.RESTORE: "given back to its victims", OrderKind.RELEASE: "released from hold"}


def _check_desk_address(bank: Institution) -> None:
    if not is_plain_address(bank.desk_email):
        raise BankMisconfigured(bank.code, "the directory has no valid desk address")


def order_letter_text(bank: Institution, order: BankOrder, link: ReplyLink, *, with_document: bool) -> str:
    """Return the text of the letter about an order.

    The accounts are only in its document and behind its link, not in the letter.
    """
    count, paise = len(order.lines), sum(line.amount_paise for line in order.lines)
    document = f" {order.paper_number}" if order.paper_number else ""
    where = f"in the order{document} attached to this letter" if with_document else "on the page below"
    return (
        f"To {bank.name}: the nodal officer, and the desk for police requests\n\n"
        f"Acknowledgement: {order.ack_no}\n"
        f"Order: {order.order_id}\n"
        f"To be done by: {order.due_at.astimezone(IST):%d-%m-%Y} IST\n\n"
        f"Money that your bank has on hold for the police, Rs {format_rupees(paise)} of {count}"
        f" transfer{'s' if count > 1 else ''}, is to be {_DONE[order.kind]}. Each amount stands {where}.\n\n"
        f"Please {_ASKED[order.kind]}, then say on this page what was done: amount, day and reference of"
        " each. In parts is fine: use the same link again. No account is needed, and a phone will do:\n\n"
        f"{order_link_text(link)}"
    )


def cancellation_letter_text(bank: Institution, order: BankOrder, link: ReplyLink) -> str:
    """Return the text of the letter about a cancelled order."""
    return (
        f"To {bank.name}: the nodal officer, and the desk for police requests\n\n"
        f"Acknowledgement: {order.ack_no}\n"
        f"Order cancelled: {order.order_id}\n\n"
        "This order is cancelled. Please do not carry out any remaining part of it. The money stays on hold until"
        " you receive a new order.\n\n"
        "If any part was already done, first state it on this page: amount, day and reference of each. Then confirm"
        " there that your bank will not carry out the order. No account is needed, and a phone will do:\n\n"
        f"{_link_text(link, 'you confirm')}"
    )


def letter_text(bank: Institution, ticket: HoldTicket, link: ReplyLink) -> str:
    """Return the text of the letter about a hold request."""
    asked = ticket.instrument
    place = ", ".join(part for part in (asked.district, asked.state) if part)
    count = len(ticket.incidents)
    disputed = format_rupees(sum(incident.disputed_paise for incident in ticket.incidents))
    return (
        f"To {bank.name}: the desk for police requests, and the nodal officer\n\n"
        f"From: cyber crime police, {place} ({asked.requestor})\n"
        f"Acknowledgement: {ticket.ack_no}\n"
        f"Job: {job_id_of(ticket.request_id)}\n"
        f"{_urgency(ticket)}\n"
        f"Money from a fraud was credited to accounts at your bank: {count} transfer{'s' if count > 1 else ''},"
        f" Rs {disputed} of it disputed. They are in the table attached to this letter.\n\n"
        "Please put the disputed amount on hold now, then report on this page what you found: on hold, moved on,"
        " withdrawn, or not found. No account is needed, and a phone will do:\n\n"
        f"{link_text(link)}"
    )


def link_text(link: ReplyLink) -> str:
    """Return the paragraph with the link, the same in every letter about a hold request."""
    return _link_text(link, "every transfer has its answer")


def order_link_text(link: ReplyLink) -> str:
    """Return the paragraph with the link, the same in every letter about an order."""
    return _link_text(link, "all of the order is confirmed")


def _link_text(link: ReplyLink, end: str) -> str:
    until = link.expires_at.astimezone(IST)
    return (
        f"{link.url}\n\n"
        f"The link is only for your bank and valid until {until:%d-%m-%Y %H:%M} IST, or until {end}."
        "Any person who has it can answer for your bank: share it only inside your bank.\n\n"
        "Our letters never ask for a password or a payment. For a credit, or a large sum named onward, the page asks"
        " for a code that we send to your nodal officer's mobile. Enter it only there.\n"
    )


def _urgency(ticket: HoldTicket) -> str:
    times = {"Asked": ticket.requested_at, "Answer wanted by": ticket.respond_by, "Hold until": ticket.hold_until}
    moments = "".join(f"{what}: {at.astimezone(IST):%d-%m-%Y %H:%M} IST\n" for what, at in times.items() if at)
    return f"Priority: {ticket.priority} (1 is the most urgent, {PRIORITY_LAST} the least)\n{moments}"


def hops_table(ticket: HoldTicket) -> str:
    """Return all transfers of the ticket as CSV, amounts in rupees, times in IST."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(CSV_COLUMNS)
    for incident in ticket.incidents:
        writer.writerow(
            (
                as_plain_text(incident.rrn),
                format_rupees(incident.amount_paise),
                format_rupees(incident.disputed_paise),
                " ".join(format_moment(incident.transferred_at)),
                incident.layer,
            )
        )
    return table.getvalue()
