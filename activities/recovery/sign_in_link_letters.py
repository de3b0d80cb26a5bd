"""Letters about a sign-in link that was made or used, to its officer and to the two admins.

An officer so notices a link that another person used.
"""

import logging
from datetime import datetime
from typing import Final

from activities.outgoing import Attempt, Kind, NoWay, Ways
from adapters.messages.sms import SmsError, mobile_of
from adapters.messages.smtp import MailError
from db.officers import credentials
from db.officers.credentials import LinkToTell, ToldPerson
from db.outgoing import OutgoingKind
from db.pool import Connection
from domain.officers.persons import person_of
from schemas.enums import Language
from schemas.text import indian_minute, is_email

log = logging.getLogger(__name__)

_SUBJECT: Final = {Language.EN: "Sign-in of {officer}", Language.HI: "साइन-इन: {officer}"}
_MADE: Final = {
    Language.EN: "A link to set the password and authenticator of the officer {officer} was made on {at}.",
    Language.HI: "अधिकारी {officer} का पासवर्ड और ऑथेंटिकेटर रखने का लिंक {at} को बना।",
}
_USED: Final = {
    Language.EN: "The link of the officer {officer} was used on {at}: password and authenticator are set.",
    Language.HI: "अधिकारी {officer} के लिंक का उपयोग {at} को हुआ: पासवर्ड और ऑथेंटिकेटर रख दिए गए।",
}
_TO_OFFICER: Final = {
    Language.EN: "If this was not you, or you did not expect it, tell an admin at once: one admin can end your access.",
    Language.HI: "यदि यह आपने नहीं किया, या अपेक्षा नहीं थी, तो तुरंत किसी प्रशासक को बताएँ: वह आपका प्रवेश बंद कर सकता है।",
}
_TO_ADMIN: Final = {
    Language.EN: "Ask the officer whether this is so. If not, disable the officer in the console at once.",
    Language.HI: "अधिकारी से पूछें कि क्या यह ठीक है। यदि नहीं, तो कंसोल में तुरंत उस अधिकारी को निष्क्रिय करें।",
}


async def _tell(attempt: Attempt, link: LinkToTell) -> None:
    admins = {person_of(one) for one in (link.proposed_by, link.decided_by) if one is not None}
    async with attempt.ctx.pool.acquire() as connection:
        told = await credentials.persons_told(connection, {link.officer_id, *admins})
    is_sent, failure = False, None
    for person in told:
        try:
            is_sent |= await _send(attempt.routes.ways, person, link)
        except (MailError, SmsError) as error:
            log.warning("letter about a sign-in link: %s", type(error).__name__)
            if error.retryable and not attempt.is_last:
                # A repeat has the same key, so the others get no second letter.
                failure = error
    if failure is not None:
        raise failure
    if not is_sent:
        raise NoWay


async def _send(ways: Ways, person: ToldPerson, link: LinkToTell) -> bool:
    """Send the letter by e-mail, or else by SMS; return whether there was a way."""
    state = "used" if link.used_at else "made"
    key = f"{person.officer_id}.sign-in-link.{link.digest.hex()[:16]}.{state}"
    text = _text(person, link)
    if ways.mail is not None and is_email(person.email):
        await ways.mail.send(person.email, _SUBJECT[person.language].format(officer=link.officer_id), text, key)
        return True
    number = mobile_of(person.mobile)
    if ways.sms is not None and number:
        await ways.sms.send(number, text, key)
        return True
    return False


def _text(person: ToldPerson, link: LinkToTell) -> str:
    says = _USED if link.used_at else _MADE
    does = _TO_OFFICER if person.officer_id == link.officer_id else _TO_ADMIN
    told = says[person.language].format(officer=link.officer_id, at=indian_minute(link.used_at or link.made_at))
    return f"{told} {does[person.language]}"


async def _given_up(_link: LinkToTell, _connection: Connection, _at: datetime) -> None:
    log.error("no person could be told of a sign-in link")


SIGN_IN_LINK_LETTERS: Final = Kind(OutgoingKind.SIGN_IN_LINK, credentials.links_to_tell, _tell, _given_up)
