"""Letters to banks: their form, and how each is sent with a link and kept."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.banks import exchanges
from activities.context import Context
from adapters.banks.email import LinkMaker, ReplyLink
from adapters.messages.smtp import Mailer, MailError
from adapters.transcript import Transcript
from schemas.banks.exchanges import About
from schemas.enums import ChannelKind


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
                await exchanges.keep(self.ctx, connection, self.about, subject_id, transcript.exchanges)
