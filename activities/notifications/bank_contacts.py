"""Letters to banks about their own access to our interface, mostly to their contacts in the directory.

The row that a letter is about is its outbox. A letter that cannot be sent becomes a work item: the desk telephones the
bank.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from activities.context import Context
from activities.notifications.sending import Ways
from activities.outgoing import Attempt, Kind, NoWay
from adapters.messages.sms import SmsError, mobile_of
from adapters.messages.smtp import MailError
from db.cases import tasks
from db.outgoing import OutgoingKind
from db.pool import Connection
from schemas.banks.institutions import Institution
from schemas.enums import TaskKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import is_email

_LIMIT: Final = 20
"""letters of one kind that are sent before the next rows are claimed"""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class BankLetter:
    """Letter, and the short message for a bank without an address."""

    subject: str
    text: str
    short_text: str
    key: str
    """names the letter, so that a repeat is the same letter"""


class LetterOver(Exception):
    """A letter that is due no more, because its row has changed meanwhile."""


@dataclass(frozen=True, slots=True)
class DueLetter:
    """A letter that is due by its row, and the work item if it cannot be sent."""

    institution: str
    attempts: int
    """number of attempts, this one included"""
    send: Callable[[Institution], Awaitable[bool]]
    """sends it to a bank, and returns whether there was a way; raises `MailError`, `SmsError` and `LetterOver`"""
    told: Callable[[Connection, datetime], Awaitable[None]]
    """writes when it was sent"""
    put_off: Callable[[Connection, datetime | None], Awaitable[None]]
    """writes when the next attempt is; None for no further one"""
    cause: TaskCause
    facts: TaskFacts


async def deliver_due(
    ctx: Context,
    claim: Callable[[Connection, datetime, datetime, int], Awaitable[Sequence[Row]]],
    letter_of: Callable[[Row], DueLetter],
) -> int:
    """Send the letters of the rows that `claim` returns; return how many were sent."""
    now = ctx.now()
    lease_until = now + timedelta(seconds=3 * ctx.policy.messages.trying.call_timeout_seconds)
    async with ctx.pool.acquire() as connection, connection.transaction():
        due = await claim(connection, now, lease_until, _LIMIT)
    return sum([await _deliver(ctx, letter_of(row)) for row in due])


async def _deliver(ctx: Context, due: DueLetter) -> bool:
    """Send one letter; return whether it was sent. After the last attempt it becomes a work item."""
    trying, bank = ctx.policy.messages.trying, ctx.directory.current.get(due.institution)
    again_at, is_over = None, False
    try:
        sent = bank is not None and await due.send(bank)
    except LetterOver:
        sent, is_over = False, True
    except (MailError, SmsError) as error:
        sent = False
        if error.retryable and due.attempts < trying.attempts:
            again_at = ctx.now() + timedelta(seconds=trying.wait_seconds(due.attempts))
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        if sent:
            await due.told(connection, now)
            return True
        await due.put_off(connection, again_at)
        if again_at is None and not is_over:
            kind, facts = TaskKind.PHONE_BANK, due.facts
            await tasks.open_for_institution(connection, due.institution, kind, due.cause, now, facts=facts)
    return False


class OfBank(Protocol):
    """A row of a bank."""

    @property
    def institution(self) -> str:
        """Return the code of the bank."""
        ...


Subject = TypeVar("Subject", bound=OfBank)


def bank_letters(
    name: OutgoingKind,
    read: Callable[[Connection, str], Awaitable[Subject | None]],
    letter_of: Callable[[Institution, Subject], BankLetter],
    cause: TaskCause,
    facts_of: Callable[[Subject], TaskFacts],
) -> Kind[Subject]:
    """Return a kind of letters to the contacts of banks."""

    async def send(attempt: Attempt, subject: Subject) -> None:
        bank = attempt.ctx.directory.current.get(subject.institution)
        if bank is None or not await send_to_bank(attempt.routes.ways, bank, letter_of(bank, subject)):
            raise NoWay

    return Kind(name, read, send, phone_bank(cause, facts_of))


def phone_bank(
    cause: TaskCause, facts_of: Callable[[Subject], TaskFacts]
) -> Callable[[Subject, Connection, datetime], Awaitable[None]]:
    """Return what opens a work item to telephone the bank."""

    async def given_up(subject: Subject, connection: Connection, at: datetime) -> None:
        await tasks.open_for_institution(
            connection, subject.institution, TaskKind.PHONE_BANK, cause, at, facts=facts_of(subject)
        )

    return given_up


async def send_to_bank(ways: Ways, bank: Institution, letter: BankLetter) -> bool:
    """Send a letter to the nodal officers, by e-mail if one has an address; return whether there was a way.

    Raises `MailError` and `SmsError`.
    """
    addresses = [one.email for one in bank.nodal_officers if is_email(one.email)]
    if ways.mail is not None and (addresses or is_email(bank.desk_email)):
        for place, address in enumerate(addresses or [bank.desk_email]):
            await ways.mail.send(address, letter.subject, letter.text, f"{letter.key}.{place}")
        return True
    number = next((found for one in bank.nodal_officers if (found := mobile_of(one.mobile))), None)
    if ways.sms is not None and number:
        await ways.sms.send(number, letter.short_text, letter.key)
        return True
    return False
