"""The letters of ladders on their way: sent, and kept as they went, whatever came of it."""

from uuid import UUID

from activities.banks.letters import Letter
from activities.context import Hands
from adapters.banks.email import AnswerLink
from adapters.messages.smtp import Mailer, MailError
from adapters.transcript import Transcript
from db.banks import bank_exchanges
from schemas.banks.exchanges import About
from schemas.enums import ChannelKind


async def send_letter(
    hands: Hands, mailer: Mailer, letter: Letter, link: AnswerLink | None, about: About, subject: UUID
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
        async with hands.pool.acquire() as connection:
            await bank_exchanges.keep(connection, about, subject, transcript.exchanges)
