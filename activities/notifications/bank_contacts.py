"""Letters to banks about their own access to our interface, mostly to their contacts in the directory.

A letter that cannot be sent becomes a work item: the desk telephones the bank.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from activities.notifications.sending import Ways
from activities.outgoing import Attempt, Kind, NoWay
from adapters.messages.sms import mobile_of
from db.cases import tasks
from db.outgoing import OutgoingKind
from db.pool import Connection
from schemas.banks.institutions import Institution
from schemas.enums import TaskKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import is_email


@dataclass(frozen=True, slots=True)
class BankLetter:
    """Letter, and the short message for a bank without an address."""

    subject: str
    text: str
    short_text: str
    key: str
    """names the letter, so that a repeat is the same letter"""


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
        bank = bank_of(attempt, subject)
        await send_to_bank(attempt.routes.ways, bank, letter_of(bank, subject))

    return Kind(name, read, send, phone_bank(cause, facts_of))


def bank_of(attempt: Attempt, subject: OfBank) -> Institution:
    """Return the bank of a row. Raises `NoWay` if the directory has it no more."""
    bank = attempt.ctx.directory.current.get(subject.institution)
    if bank is None:
        raise NoWay
    return bank


def phone_bank(
    cause: TaskCause, facts_of: Callable[[Subject], TaskFacts]
) -> Callable[[Subject, Connection, datetime], Awaitable[None]]:
    """Return what opens a work item to telephone the bank."""

    async def given_up(subject: Subject, connection: Connection, at: datetime) -> None:
        await tasks.open_for_institution(
            connection, subject.institution, TaskKind.PHONE_BANK, cause, at, facts=facts_of(subject)
        )

    return given_up


async def send_to_bank(ways: Ways, bank: Institution, letter: BankLetter) -> None:
    """Send a letter to the nodal officers, by e-mail if one has an address.

    Raises `MailError`, `SmsError` and `NoWay`.
    """
    addresses = [one.email for one in bank.nodal_officers if is_email(one.email)]
    if ways.mail is not None and (addresses or is_email(bank.desk_email)):
        for place, address in enumerate(addresses or [bank.desk_email]):
            await ways.mail.send(address, letter.subject, letter.text, f"{letter.key}.{place}")
        return
    number = next((found for one in bank.nodal_officers if (found := mobile_of(one.mobile))), None)
    if ways.sms is None or number is None:
        raise NoWay
    await ways.sms.send(number, letter.short_text, letter.key)
