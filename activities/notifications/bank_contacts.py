"""A letter to the contacts of a bank in the directory, about its own access to our interface."""

from dataclasses import dataclass

from activities.notifications.sending import Ways
from adapters.messages.sms import mobile_of
from schemas.banks.institutions import Institution
from schemas.text import is_email


@dataclass(frozen=True, slots=True)
class BankLetter:
    """Letter, and the short message for a bank without an address."""

    subject: str
    text: str
    short_text: str
    key: str
    """names the letter, so that a repeat is the same letter"""


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
