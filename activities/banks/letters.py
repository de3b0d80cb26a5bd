"""Messages and letters to banks: their form, and how each is sent with a link and kept."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.banks import received
from activities.context import Context
from adapters.banks.email import LinkMaker, ReplyLink
from adapters.banks.protocol import (
    BankAdapter,
    Delivery,
    HoldTicket,
    OrderTaker,
    OrderTicket,
    PayerAsker,
)
from adapters.messages.smtp import Mailer, MailError
from adapters.transcript import Transcript
from schemas.banks.keys import About
from schemas.enums import ChannelKind


@dataclass(frozen=True)
class BankMessage(ABC):
    """One message to a bank, with one idempotency key for all attempts."""

    about: ClassVar[About]
    subject_id: UUID
    """id of the hold request or the order; a cancellation has the id of its order"""

    @abstractmethod
    def fits(self, adapter: object) -> bool:
        """Return whether that channel can send this message."""

    @abstractmethod
    async def send(self, adapter: Any, way: Any, timeout_seconds: float) -> Delivery:
        """Send this message to the bank over that channel. Raises `BankError`."""


@dataclass(frozen=True)
class HoldRequestMessage(BankMessage):
    """A hold request. Its ticket is needed only for sending."""

    about: ClassVar = About.HOLD_REQUEST
    ticket: HoldTicket | None = None

    def fits(self, adapter: object) -> bool:
        """Return True, because every channel can send hold requests."""
        return True

    async def send(self, adapter: BankAdapter[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the ticket."""
        assert self.ticket is not None, "a hold request is sent with its ticket"
        return await adapter.send_hold_request(way, self.ticket, timeout_seconds=timeout_seconds)


@dataclass(frozen=True)
class PayerInquiryMessage(BankMessage):
    """A question to the victim's bank. It is the fraud report of a hold request."""

    about: ClassVar = About.PAYER_INQUIRY
    ticket: HoldTicket

    def fits(self, adapter: object) -> bool:
        """Return whether the channel can ask the victim's bank."""
        return isinstance(adapter, PayerAsker)

    async def send(self, adapter: PayerAsker[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the question."""
        return await adapter.ask_payers_bank(way, self.ticket, timeout_seconds=timeout_seconds)


@dataclass(frozen=True)
class OrderMessage(BankMessage):
    """An order to restore or to release. Its ticket is needed only for sending."""

    about: ClassVar = About.ORDER
    ticket: OrderTicket | None = None

    def fits(self, adapter: object) -> bool:
        """Return whether the channel takes orders; the I4C wire does not."""
        return isinstance(adapter, OrderTaker)

    async def send(self, adapter: OrderTaker[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the order."""
        assert self.ticket is not None, "an order is sent with its ticket"
        return await adapter.send_order(way, self.ticket, timeout_seconds=timeout_seconds)


@dataclass(frozen=True)
class Letter:
    """A letter by e-mail. The same letter always has the same `message_id`, so a second copy is recognised."""

    to: str
    subject: str
    body_text: str
    message_id: str
    cc: tuple[str, ...] = ()
    remark: str = ""
    """why the letter goes to other addresses than intended; without personal names, because it enters the log"""


@dataclass(frozen=True)
class LetterSender:
    """Sends letters about hold requests or about orders. Without `links` a letter has no link."""

    ctx: Context
    mailer: Mailer
    links: LinkMaker | None
    about: About
    link_text: Callable[[ReplyLink], str]
    """composes the text about the link in a letter"""

    async def send(self, letter: Letter, subject_id: UUID, institution: str) -> str:
        """Send a letter with a new link. Returns "", or the reason if it cannot be sent.

        Raises a retryable error while the mail server may still accept the letter.
        """
        link = None
        if self.links is not None:
            link = await self.links.issue(self.about, subject_id, institution, letter.to)
            letter = replace(letter, body_text=letter.body_text + self.link_text(link))
        try:
            await self._mail(letter, link, subject_id)
        except MailError as error:
            if error.retryable and activity.info().attempt < self.ctx.policy.delivery.mail_attempts:
                raise ApplicationError(str(error), type=type(error).__name__) from error
            return type(error).__name__
        if self.links is not None and link is not None:
            await self.links.sent(self.about, link)
        return ""

    async def _mail(self, letter: Letter, link: ReplyLink | None, subject_id: UUID) -> None:
        transcript = Transcript(ChannelKind.EMAIL)
        try:
            await self.mailer.send(
                letter.to,
                letter.subject,
                letter.body_text,
                letter.message_id,
                cc=letter.cc,
                transcript=transcript,
                secret=link.token if link else "",
            )
        except MailError as error:
            transcript.failed(f"{type(error).__name__}: {error}")
            raise
        finally:
            async with self.ctx.pool.acquire() as connection:
                await received.keep(self.ctx, connection, self.about, subject_id, transcript.exchanges)
