"""Letters to banks: what one is, and how it is sent and kept."""

from dataclasses import dataclass
from uuid import UUID

from activities.context import Context
from adapters.banks.email import ReplyLink
from adapters.messages.smtp import Mailer, MailError
from adapters.transcript import Transcript
from db.banks import bank_exchanges
from schemas.banks.exchanges import About
from schemas.enums import ChannelKind


@dataclass(frozen=True)
class Letter:
    """A mail on its way. `message_id` is the same for the same letter, so that a second copy can be told."""

    to: str
    subject: str
    body_text: str
    message_id: str
    cc: tuple[str, ...] = ()
    remark: str = ""
    """why it goes to others than those it is meant for; names nobody, as it stands in the log"""


async def send_letter(
    ctx: Context, mailer: Mailer, letter: Letter, link: ReplyLink | None, about: About, subject: UUID
) -> None:
    """Send a letter about a request or an order; `link` is the one in it. Raises `MailError`."""
    transcript = Transcript(ChannelKind.EMAIL)
    try:
        await mailer.send(
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
        async with ctx.pool.acquire() as connection:
            await bank_exchanges.keep(connection, about, subject, transcript.exchanges)
